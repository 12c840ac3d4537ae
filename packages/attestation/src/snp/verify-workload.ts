import { toHex } from '@dcml/protocol'
import type { Policy } from '../policy/policy.ts'
import { Refusal } from '../x509/der.ts'
import { requireBootImage, requireHostData, requireTcb } from './accept.ts'
import type { SnpChecklist } from './checklist.ts'
import { requireForbidden, requirePolicyReserved } from './guest-policy.ts'
import type { SnpReport } from './report.ts'
import type { VerifiedReport } from './verify-report.ts'

/** Compares a verified report with the policy: platform, how the guest is protected, then what it is. */
export async function verifyWorkload(
  list: SnpChecklist,
  { report, product, levels, chipId }: VerifiedReport,
  policy: Policy,
): Promise<void> {
  for (const name of ['reported', 'committed', 'launch'] as const)
    await list.run(`snp_tcb_${name}`, [levels, product], (it, family) => requireTcb(it[name], family, policy.snp))

  await list.run('snp_policy_reserved', [report], requirePolicyReserved)
  for (const name of ['debug', 'migrate', 'cxl', 'smt'] as const) {
    if (policy.snp[name]) list.skip(`snp_${name}`, 'The policy tolerates what the guest policy allows here.')
    else await list.run(`snp_${name}`, [report], (guest) => requireForbidden(guest, name))
  }
  await list.run('snp_vmpl', [report], ({ vmpl }) => {
    if (vmpl > 3) throw new Refusal('the report was asked for by the host, not by the guest')
    if (vmpl > policy.snp.vmpl) throw new Refusal(`asked for at VMPL ${vmpl}, above ${policy.snp.vmpl}`)
  })
  await verifyIdentity(list, report, chipId, policy)
}

async function verifyIdentity(
  list: SnpChecklist,
  report: SnpReport | undefined,
  chipId: Uint8Array | undefined,
  { imageH, images, platforms }: Policy,
): Promise<void> {
  if (imageH === 'any') list.skip('snp_host_data', notAsked('image manifest'))
  else await list.run('snp_host_data', [report], (guest) => requireHostData(guest, imageH))
  if (images === 'any') list.skip('snp_boot_image', notAsked('boot image'))
  else {
    const accepted = images.filter((image) => 'snpMeasurement' in image)
    await list.run('snp_boot_image', [report], (guest) => requireBootImage(guest, accepted))
  }
  if (!platforms) list.skip('snp_platform_id', notAsked('platform'))
  else
    await list.run('snp_platform_id', [chipId], (id) => {
      if (id.every((byte) => byte === 0)) throw new Refusal('the host masks which chip it is')
      if (!platforms.includes(toHex(id))) throw new Refusal(`chip ${toHex(id)} is not on the list`)
    })
}

const notAsked = (what: string): string => `The policy accepts any ${what}.`
