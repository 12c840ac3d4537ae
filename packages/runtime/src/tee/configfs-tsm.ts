import type { CpuEvidence, GpuBackend, SnpEvidence, SnpProduct, TdxEvidence, TeeBackend } from '@dcml/attestation'
import { DcmlError } from '@dcml/protocol'
import { unavailable } from './collateral/fault.ts'
import { askCurrent } from './collateral/source.ts'
import { otherReportData, requireReportData } from './report-data.ts'
import { type CertTable, readCertTable } from './snp/cert-table.ts'
import { snpCertificateSource } from './snp/certificates.ts'
import type { SnpCertificateSource } from './snp/kind.ts'
import { isOver, isSignedBy } from './snp/report.ts'
import { readEventLog } from './tdx/event-log.ts'
import type { CollateralSource } from './tdx/kind.ts'
import { quotes } from './tdx/quote.ts'
import { nodeFs, REPORTS, type ReportFs, tsmReport } from './tsm-report.ts'

/** @see configfsTsm */
export interface ConfigfsTsmOptions {
  /** How evidence of a TDX guest is completed. */
  readonly tdx?: {
    readonly collateral: CollateralSource
    /**
     * File in which the boot code logs what it extended into the RTMRs, in the format of `parseEventLog` of
     * `@dcml/attestation`. The kernel keeps none for RTMR3, and verifiers refuse evidence without it.
     */
    readonly eventLog: string
    /** Firmware's log, usually {@link CCEL}, to go before it: for verifiers who look at what was booted. Default: none. */
    readonly ccel?: string
  }
  /** How evidence of an SEV-SNP guest is completed. */
  readonly snp?: {
    /**
     * Asked for the issuers, the revocation list, and the VCEK where the host brings none that fits. Default: what the host
     * brings has to do; it brings no revocation list, so verifiers must be told to do without.
     */
    readonly certificates?: SnpCertificateSource
    /** VMPL that the report is to show. Default: that of the kernel. Verifiers accept 0 alone unless told otherwise. */
    readonly privilegeLevel?: 0 | 1 | 2 | 3
    /** Processor family, where reports do not say it (version 2). */
    readonly product?: SnpProduct
  }
  /** The GPUs of this machine. */
  readonly gpu?: GpuBackend
  readonly folder?: string
  readonly fs?: ReportFs
  /** Unix time in milliseconds, to know what has expired. Default `Date.now`. */
  readonly clock?: () => number
}

/**
 * The TEE that Linux shows at `/sys/kernel/config/tsm/report` (kernel 6.7 and later): Intel TDX or AMD SEV-SNP, whichever
 * this guest runs in. The process needs the right to make folders there.
 *
 * On SEV-SNP the image manifest's hash has to be in HOST_DATA when the machine is started, and the measured boot code has
 * to compare it: there is no register that it could be extended into later.
 *
 * It has no sealing key. Plain TDX derives no secret from its measurements. SEV-SNP could (MSG_KEY_REQ), but through an
 * ioctl of `/dev/sev-guest` that configfs does not have and Node cannot make. A paid workload runs under dstack.
 */
export function configfsTsm(options: ConfigfsTsmOptions): TeeBackend {
  const { folder = REPORTS, fs = nodeFs, clock = Date.now, gpu } = options

  async function tdx(quote: Uint8Array, reportData: Uint8Array): Promise<TdxEvidence> {
    if (options.tdx === undefined) throw unconfigured('tdx')
    if (!quotes(quote, reportData)) throw otherReportData()
    const { collateral, eventLog: file, ccel } = options.tdx
    const eventLog = await readEventLog(fs, file, ccel)
    return { tee: 'tdx', quote, collateral: await askCurrent(collateral, quote, clock), eventLog }
  }

  async function snp(report: Uint8Array, auxblob: Uint8Array, reportData: Uint8Array): Promise<SnpEvidence> {
    if (options.snp === undefined) throw unconfigured('snp')
    if (!isOver(report, reportData)) throw otherReportData()
    const { certificates, product } = options.snp
    const table = readCertTable(auxblob)
    const vek = table.vek !== undefined && isSignedBy(report, table.vek) ? table.vek : undefined
    const question = { report, ...(vek && { vek }), ...(product && { product }) }
    const source = certificates ?? hostAlone(table)
    return { tee: 'snp', report, ...(await askCurrent(source, question, clock)) }
  }

  return {
    name: 'configfs-tsm',
    environment: 'production',
    ...(gpu && { gpu }),
    async quote(reportData, { signal } = {}): Promise<CpuEvidence> {
      requireReportData(reportData)
      const privilegeLevel = options.snp?.privilegeLevel
      const { provider, outblob, auxblob } = await tsmReport(reportData, { fs, folder, privilegeLevel, signal })
      if (provider === 'tdx_guest') return tdx(outblob, reportData)
      if (provider === 'sev_guest') return snp(outblob, auxblob, reportData)
      throw new DcmlError('tee_unsupported', `The TEE of this machine is "${provider}".`, {
        hint: 'Run in an Intel TDX or AMD SEV-SNP guest.',
      })
    },
  }
}

const hostAlone = ({ ask, ark }: CertTable): SnpCertificateSource =>
  snpCertificateSource('host', async ({ vek }) => {
    if (vek === undefined || ask === undefined || ark === undefined)
      throw unavailable('the host brings no certificates that fit, and no other source is named')
    return { vek, ask, ark }
  })

const unconfigured = (tee: 'tdx' | 'snp'): DcmlError =>
  new DcmlError(
    'tee_unsupported',
    `This is a guest of ${tee === 'tdx' ? 'Intel TDX' : 'AMD SEV-SNP'}, for which nothing is set.`,
    {
      hint:
        tee === 'tdx'
          ? 'Say where collateral and event log come from (`tdx`; on the command line --collateral and --event-log).'
          : 'Say where certificates come from (`snp`; on the command line --collateral).',
    },
  )
