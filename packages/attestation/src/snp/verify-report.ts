import type { SnpProduct, SnpTcb } from '../policy/policy.ts'
import type { Certificate } from '../x509/certificate.ts'
import { Refusal } from '../x509/der.ts'
import { isMasked, padHwId, requireChip, requireKind, requireSameTcb, type SnpSigner } from './accept.ts'
import type { SnpChecklist } from './checklist.ts'
import { readProduct, readTcb, requireTcbReserved } from './product.ts'
import { requireReservedZero, type SnpReport } from './report.ts'
import { readVek, type Vek } from './vek.ts'

/** TCB versions of a platform: what runs, what it reports, what it cannot go below, what the guest started under. */
export type SnpTcbLevels = Readonly<Record<keyof SnpReport['tcb'], SnpTcb>>

/** What AMD's signatures vouch for; each part undefined where a check it needs failed. */
export interface VerifiedReport {
  readonly report: SnpReport | undefined
  readonly product: SnpProduct | undefined
  readonly levels: SnpTcbLevels | undefined
  /** 64 bytes: the chip that a VCEK belongs to, or that a VLEK's report names; zeros where that is masked. */
  readonly chipId: Uint8Array | undefined
  /** The cloud provider that a VLEK was given to. */
  readonly cspId: string | undefined
}

interface Evidence {
  readonly bytes: Uint8Array
  readonly report: SnpReport | undefined
  readonly signer: SnpSigner | undefined
  /** Of the VEK, once its chain is valid. */
  readonly certificate: Certificate | undefined
  /** Whether the key in that certificate made the report's signature. */
  readonly signed: Promise<boolean> | undefined
}

/** From the VEK certificate to the report that its key signed, and whether both are of one platform. */
export async function verifyReport(
  list: SnpChecklist,
  { bytes, report: read, signer, certificate, signed: verdict }: Evidence,
): Promise<VerifiedReport> {
  const described = await list.run('snp_vek_extensions', [certificate], readVek)
  const vek = await list.run('snp_vek_kind', [described, signer], (it, kind) => {
    requireKind(it, kind)
    return it
  })
  const product = await list.run('snp_product', [read, vek], (it, { product }) => readProduct(it, product))
  const signed = await list.run('snp_report_signature', [read, signer, certificate], async (it) => {
    if (!(await verdict)) throw new Refusal('the report signature does not verify')
    return it
  })
  const report = await list.run('snp_reserved', [signed, product], (it, family) => {
    requireReservedZero(bytes, it)
    for (const encoded of Object.values(it.tcb)) requireTcbReserved(encoded, family)
    return it
  })
  const chipId = await verifyChip(list, report, vek, product)
  const stated = report && product && readLevels(report, product)
  const levels = await list.run('snp_vek_tcb', [stated, vek], (it, { tcb }) => {
    requireSameTcb(it.reported, tcb)
    return it
  })
  return { report, product, levels, chipId, cspId: vek?.cspId }
}

/** What a VCEK certificate says is the chip that signed, whether or not the host masks it in the report. */
async function verifyChip(
  list: SnpChecklist,
  report: SnpReport | undefined,
  vek: Vek | undefined,
  product: SnpProduct | undefined,
): Promise<Uint8Array | undefined> {
  if (!report || !vek || !product) return undefined
  const { hwId } = vek
  if (!hwId) {
    list.skip('snp_chip_id', 'A VLEK belongs to a cloud provider: its certificate names no chip.')
    return report.chipId
  }
  const chipId = await list.run('snp_chip_id', [], () => {
    const certified = padHwId(hwId, product)
    if (!isMasked(report)) requireChip(certified, report)
    return certified
  })
  if (chipId && isMasked(report)) list.skip('snp_chip_id', 'The host masks the chip id in its reports.')
  return chipId
}

const readLevels = ({ tcb }: SnpReport, product: SnpProduct): SnpTcbLevels => ({
  current: readTcb(tcb.current, product),
  reported: readTcb(tcb.reported, product),
  committed: readTcb(tcb.committed, product),
  launch: readTcb(tcb.launch, product),
})
