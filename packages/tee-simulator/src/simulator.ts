import { DcmlError, toHex, utf8 } from '@dcml/protocol'
import { blueprint, windowAround } from './blueprint.ts'
import { bootEvents, developmentImage, type ImageMeasurements, mrConfigId } from './boot.ts'
import { type Collateral, issueCertificates, issueCollateral, pemChain, quoteChain, quoter } from './issue.ts'
import { derive } from './keys.ts'
import { plugIn } from './nvidia/backend.ts'
import type { GpuChip } from './nvidia/chips.ts'
import { gpuRoots } from './nvidia/roles.ts'
import type { TdReport } from './quote.ts'
import { encodeEventLog, replay } from './rtmr.ts'
import { developmentSnpImage } from './snp/blueprint.ts'
import { type SimulatedSnpEvidence, snpPlatform, snpRoot } from './snp/platform.ts'
import { type SimulatedEvidence, type SimulatedTee, startTee } from './tee.ts'

/** The seed that every process uses unless told otherwise, so that a machine's processes share one root. */
export const DEVELOPMENT_SEED: Uint8Array = utf8('DCML DEVELOPMENT: these keys are public')

/** @see createSimulator */
export interface SimulatorOptions {
  /** Any bytes; the whole PKI follows from them. Default {@link DEVELOPMENT_SEED}. */
  readonly seed?: Uint8Array
  /** The date around which statements are valid, fixed or asked for at each call. Default: the clock. */
  readonly now?: Date | (() => Date)
}

/** Fields of a TD report; what is left out is what a fresh TEE with `imageH` would say. */
export interface QuoteRequest extends Partial<TdReport> {
  /** 64 bytes. */
  readonly reportData: Uint8Array
  /** 32 bytes: SHA-256 of the image manifest. Sets MRCONFIGID and the events of RTMR3. */
  readonly imageH: Uint8Array
}

/** The machine that a TEE is started on. */
export interface MachineOptions {
  /** 32 bytes: SHA-256 of the image manifest. */
  readonly imageH: Uint8Array
  /** How many GPUs the machine has, at most 8. Default: none. */
  readonly gpus?: number
  /** How many NVSwitches join them, at most 4. Default: none. */
  readonly switches?: number
  /** Kind of GPU: Hopper or Blackwell. Default: GH100. */
  readonly chip?: GpuChip
  /** Whether a simulated attestation service of NVIDIA gives its verdict on the GPUs too. Default: no. */
  readonly nras?: boolean
}

/** A TD's machine, and fields of its TD report that are not those of an ordinary one. */
export interface TeeOptions extends MachineOptions, Omit<QuoteRequest, 'reportData' | 'rtmrs'> {
  readonly tee?: 'tdx'
}

/** A SEV-SNP guest's machine. */
export interface SnpTeeOptions extends MachineOptions {
  readonly tee: 'snp'
}

/** A development platform: what Intel, a processor and a hypervisor do for a real TD. */
export interface Simulator {
  readonly seed: Uint8Array
  /** The date around which its statements are valid. */
  now(): Date
  /** The root certificate behind TDX quotes, DER. */
  readonly rootDer: Uint8Array
  /** Every root (DER): of quotes, of GPUs and of their reference values. To be passed explicitly, in development only. */
  readonly roots: readonly Uint8Array[]
  /** {@link roots} in PEM. */
  readonly rootPem: string
  /** Measurements of the boot image that simulated TEEs claim, for the allow-list of a development policy. */
  readonly image: ImageMeasurements
  /** The same for simulated SEV-SNP guests. */
  readonly snpImage: typeof developmentSnpImage
  /** Valid collateral, the same bytes for a UTC day. `overrides` replace members and are not signed again. */
  collateral(overrides?: Partial<Collateral>): Collateral
  /**
   * A TDX quote: of version 4, or of version 5 where `teeTcbSvn2` or `mrServiceTd` ask for a TD 1.5 report.
   * @throws DcmlError `simulator_field` where a field has the wrong length
   */
  mintQuote(request: QuoteRequest): Uint8Array
  /**
   * Starts a TEE with one workload in it.
   * @throws DcmlError `simulator_field` where a field has the wrong length
   */
  createTee(options: SnpTeeOptions): SimulatedTee<SimulatedSnpEvidence>
  createTee(options: TeeOptions): SimulatedTee
  createTee(options: TeeOptions | SnpTeeOptions): SimulatedTee<SimulatedEvidence | SimulatedSnpEvidence>
}

/**
 * Makes a development platform from a seed. Equal seeds give equal certificates; equal seeds and UTC days give equal
 * CRLs and collateral. Everyone can derive its keys: what it signs proves nothing, is marked DEVELOPMENT in every
 * certificate, and is refused by every production policy.
 */
export async function createSimulator(options: SimulatorOptions = {}): Promise<Simulator> {
  const seed = options.seed ?? DEVELOPMENT_SEED
  const now = typeof options.now === 'function' ? options.now : () => (options.now as Date | undefined) ?? new Date()
  const plan = blueprint(seed, now())
  const certificates = issueCertificates(plan)
  let all: readonly Uint8Array[] | undefined
  /** RSA and P-384 take their time: made where someone asks for them. */
  const roots = (): readonly Uint8Array[] => {
    if (all) return all
    const { device, rim } = gpuRoots(seed)
    all = [certificates.root, snpRoot(seed), ...device, ...rim]
    return all
  }
  const quote = quoter(plan, quoteChain(certificates))
  const collateral = daily(now, (at) => issueCollateral(blueprint(seed, at), certificates))

  const mintQuote = ({ imageH, ...fields }: QuoteRequest): Uint8Array => {
    requireLength('imageH', imageH, 32)
    const td: TdReport = { ...plan.td, mrConfigId: mrConfigId(imageH), rtmrs: replay(bootEvents(imageH)), ...fields }
    requireFields(td, { ...plan.td, teeTcbSvn2: new Uint8Array(16), mrServiceTd: new Uint8Array(48) })
    return quote(td)
  }
  const snpReport = snpPlatform(seed, now)
  function createTee({
    tee = 'tdx',
    ...options
  }: TeeOptions | SnpTeeOptions): SimulatedTee<SimulatedEvidence | SimulatedSnpEvidence> {
    const { imageH, gpus = 0, switches = 0, chip = 'GH100', nras = false, ...fields } = options
    requireLength('imageH', imageH, 32)
    const machine = {
      gpu: gpus + switches === 0 ? undefined : plugIn(seed, now, { gpus, switches, chip, nras }),
      sealingKey: derive(seed, `sealing key ${toHex(imageH)}`, 32),
    }
    if (tee === 'snp') {
      const attest = (reportData: Uint8Array): SimulatedSnpEvidence => {
        requireLength('reportData', reportData, 64)
        return snpReport({ reportData, imageH })
      }
      return startTee({ ...machine, attest, booted: undefined })
    }
    // wrong fields are refused here, not at the first quote
    mintQuote({ imageH, ...fields, reportData: new Uint8Array(64) })
    return startTee({
      ...machine,
      attest: (reportData, events, rtmrs) => ({
        tee: 'tdx',
        quote: mintQuote({ imageH, ...fields, reportData, rtmrs }),
        collateral: collateral(),
        eventLog: encodeEventLog(events),
      }),
      booted: bootEvents(imageH),
    })
  }
  return {
    seed,
    now,
    rootDer: certificates.root,
    get roots() {
      return roots()
    },
    get rootPem() {
      return pemChain(...roots())
    },
    image: developmentImage,
    collateral: (overrides) => ({ ...collateral(), ...overrides }),
    mintQuote,
    snpImage: developmentSnpImage,
    createTee: createTee as Simulator['createTee'],
  }
}

/** Refuses a report whose fields do not have the lengths of `model`'s. */
function requireFields({ rtmrs, ...td }: TdReport, { rtmrs: _, ...model }: Required<TdReport>): void {
  for (const name of Object.keys(model) as (keyof typeof model)[])
    if (td[name] !== undefined) requireLength(name, td[name], model[name].length)
  rtmrs.forEach((rtmr, i) => {
    requireLength(`rtmrs[${i}]`, rtmr, 48)
  })
}

function requireLength(name: string, bytes: Uint8Array, length: number): void {
  if (bytes.length !== length)
    throw new DcmlError('simulator_field', `${name} has ${bytes.length} bytes, not ${length}.`, {
      hint: `Pass ${length} bytes.`,
      details: { name },
    })
}

/** Keeps an answer for as long as its validity window is the same. */
function daily<T>(clock: () => Date, issue: (at: Date) => T): () => T {
  let kept: { start: number; value: T } | undefined
  return () => {
    const now = clock()
    const start = windowAround(now).issueDate.getTime()
    if (kept?.start !== start) kept = { start, value: issue(now) }
    return kept.value
  }
}
