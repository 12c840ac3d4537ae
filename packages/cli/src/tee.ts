// Which TEE a runtime runs in, and where what it staples to its evidence comes from.
import { type GpuBackend, imageH, type TeeBackend } from '@dcml/attestation'
import { DcmlError, equalBytes } from '@dcml/protocol'
import {
  amdKds,
  CCEL,
  type CollateralSource,
  collateralFile,
  collateralService,
  compareSources,
  configfsTsm,
  dstackAgent,
  keepFresh,
  nvidiaGpus,
  ocspResponder,
  rimFolder,
  rimService,
  type SnpCertificateSource,
  type Source,
  snpCertificateFolder,
} from '@dcml/runtime'
import { type Command, Option } from 'commander'
import type { Logger } from 'pino'
import { readManifest } from './manifest.ts'
import { collect, named, readBytes } from './options.ts'
import { DSTACK_AGENTS, GPUS, type TEES } from './settings.ts'

/** What the flags of {@link withTee} say. */
export interface TeeFlags {
  tee: (typeof TEES)[number]
  development?: boolean
  manifest?: string
  collateral?: readonly string[]
  snpCertificates?: readonly string[]
  eventLog?: string
  ccel?: boolean
  dstackAgent?: (typeof DSTACK_AGENTS)[number]
  gpu?: (typeof GPUS)[number]
  gpuSwitches?: boolean
  rims?: readonly string[]
  ocsp?: string
  collateralCache?: string
}

/** Gives a command the flags that say what completes the evidence of this machine. */
export const withTee = (command: Command): Command =>
  command
    .addOption(
      named(
        '--collateral <source>',
        'of TDX quotes: intel, URL of a PCCS, file or folder; several are compared',
      ).argParser(collect),
    )
    .addOption(
      named(
        '--snp-certificates <source>',
        'of SEV-SNP reports: amd, URL of a mirror of its KDS, or a folder; several are compared',
      ).argParser(collect),
    )
    .addOption(named('--event-log <file>', 'what the boot code extended into the RTMRs, for configfs-tsm on TDX'))
    .addOption(new Option('--ccel', "put the firmware's log before it"))
    .addOption(
      named('--dstack-agent <generation>', 'guest agent of dstack (default: dstack-0.5)').choices(DSTACK_AGENTS),
    )
    .addOption(named('--gpu <kind>', 'GPUs whose evidence is bound to every quote').choices(GPUS))
    .addOption(new Option('--gpu-switches', 'the NVSwitches of this machine belong to it too (protected PCIe)'))
    .addOption(
      named(
        '--rims <source>',
        'reference measurements: nvidia (default), URL of a mirror, or a folder; several are compared',
      ).argParser(collect),
    )
    .addOption(named('--ocsp <url>', 'revocation of GPU certificates: nvidia (default), URL of a mirror, or off'))
    .addOption(named('--collateral-cache <folder>', 'keep what was fetched here, over restarts'))

/** A TEE, and what was measured into it. */
export interface OpenTee {
  readonly tee: TeeBackend
  /** Exact bytes of the manifest that `imageH` is of. */
  readonly manifest: Uint8Array
  /** Roots of the simulator. */
  readonly roots?: string[]
}

/**
 * The TEE of this machine. The simulator is imported only where both its name and `--development` were given.
 * @throws DcmlError `collateral_missing`, `event_log_missing`, `gpu_unsupported`, `manifest_missing`, `manifest_mismatch`,
 * those of `readManifest` and of the guest agent
 */
export async function openTee(flags: TeeFlags, log: Logger): Promise<OpenTee> {
  const gpu = openGpus(flags, log)
  if (flags.tee === 'dstack') {
    const { collateral, dstackAgent: agent } = flags
    const given = { collateral: tdxCollateral(collateral, flags, log), ...(agent && { agent }), ...(gpu && { gpu }) }
    const tee = dstackAgent(given)
    return { tee, manifest: same(await tee.manifest(), flags.manifest) }
  }
  if (flags.manifest === undefined)
    throw new DcmlError('manifest_missing', 'It is not said what runs here.', { hint: 'Give --manifest FILE.' })
  const manifest = readManifest(flags.manifest)
  if (flags.tee === 'configfs-tsm') return { tee: kernelTee(flags, gpu, log), manifest }
  const { createSimulator } = await import('@dcml/tee-simulator')
  const simulator = await createSimulator()
  const machine = { imageH: imageH(manifest), ...(flags.gpu === 'simulator' && { gpus: 1 }) }
  const tee = flags.tee === 'simulator' ? simulator.createTee(machine) : simulator.createTee({ ...machine, tee: 'snp' })
  return { tee, manifest, roots: [simulator.rootPem] }
}

function kernelTee(flags: TeeFlags, gpu: GpuBackend | undefined, log: Logger): TeeBackend {
  const { collateral, snpCertificates, eventLog } = flags
  if (collateral === undefined && snpCertificates === undefined) throw collateralMissing()
  if (collateral !== undefined && eventLog === undefined)
    throw new DcmlError('event_log_missing', 'Evidence of TDX needs the event log of the boot.', {
      hint: 'Give --event-log FILE.',
    })
  return configfsTsm({
    ...(eventLog !== undefined && {
      tdx: { collateral: tdxCollateral(collateral, flags, log), eventLog, ...(flags.ccel && { ccel: CCEL }) },
    }),
    ...(snpCertificates && { snp: { certificates: fresh(snpCertificates.map(certificatesOf), flags, log) } }),
    ...(gpu && { gpu }),
  })
}

/** On dstack the app-compose text is the manifest; a file that was named has to be that text. */
function same(measured: Uint8Array, file: string | undefined): Uint8Array {
  if (file === undefined || equalBytes(readBytes(file), measured)) return measured
  throw new DcmlError('manifest_mismatch', `${file} is not the app-compose text that this machine was started from.`, {
    hint: 'Leave --manifest out: the guest agent tells it.',
  })
}

function openGpus(flags: TeeFlags, log: Logger): GpuBackend | undefined {
  const simulated = flags.tee === 'simulator' || flags.tee === 'simulator-snp'
  if (flags.gpu === undefined || (flags.gpu === 'simulator' && simulated)) return undefined
  if (flags.gpu === 'simulator' || simulated)
    throw new DcmlError('gpu_unsupported', 'Simulated GPUs belong to the simulated TEE.', {
      hint: 'A simulated TEE takes --gpu simulator, any other one --gpu nvidia.',
    })
  const { rims = ['nvidia'], ocsp = 'nvidia', gpuSwitches = false } = flags
  const serviceKey = process.env.NV_ATTESTATION_SERVICE_KEY
  const rimOf = (source: string) =>
    isService(source, 'nvidia')
      ? rimService({ ...urlOf(source), ...(serviceKey && { serviceKey }) })
      : rimFolder(source)
  return nvidiaGpus({
    rims: fresh(rims.map(rimOf), flags, log),
    ...(ocsp !== 'off' && { revocations: fresh([ocspResponder(urlOf(ocsp))], flags, log) }),
    switches: gpuSwitches,
    log,
  })
}

function tdxCollateral(sources: readonly string[] | undefined, flags: TeeFlags, log: Logger): CollateralSource {
  if (sources === undefined) throw collateralMissing()
  const of = (source: string): CollateralSource =>
    isService(source, 'intel') ? collateralService(urlOf(source)) : collateralFile(source)
  return fresh(sources.map(of), flags, log)
}

const certificatesOf = (source: string): SnpCertificateSource =>
  isService(source, 'amd') ? amdKds(urlOf(source)) : snpCertificateFolder(source)

/** Compared where there are several, and looked at every hour: a job of the node may have renewed a file. */
function fresh<Question, Answer>(
  sources: readonly Source<Question, Answer>[],
  { collateralCache }: TeeFlags,
  log: Logger,
): Source<Question, Answer> {
  const compared = sources.length === 1 ? sources[0]! : compareSources(sources, { log })
  return keepFresh(compared, {
    log,
    refreshMs: 3_600_000,
    ...(collateralCache !== undefined && { folder: collateralCache }),
  })
}

const isUrl = (source: string): boolean => URL.canParse(source) && /^https?:/.test(source)
const isService = (source: string, name: string): boolean => source === name || isUrl(source)
const urlOf = (source: string): { url?: string } => (isUrl(source) ? { url: source.replace(/\/+$/, '') } : {})

const collateralMissing = (): DcmlError =>
  new DcmlError('collateral_missing', 'Evidence needs collateral.', {
    hint: 'Give --collateral (TDX) or --snp-certificates (SEV-SNP): a service, a URL, a file or a folder.',
  })
