import { isTdxImage, type Policy } from '../policy/policy.ts'
import { requireBootImage, requireImageH, requireMrSeam, requireNoServiceTd, requirePlatform } from './accept.ts'
import type { TdxChecklist } from './checklist.ts'
import type { NamesImage } from './config-id.ts'
import { readTdAttributes, requireReservedZero, requireSeptVeDisable, requireUnset } from './td-attributes.ts'
import type { VerifiedPlatform } from './verify-platform.ts'

/** Compares a verified TD report with the policy: how the TD is protected, then what it is. */
export async function verifyWorkload(
  list: TdxChecklist,
  { platform, report }: VerifiedPlatform,
  policy: Policy,
  names: NamesImage,
): Promise<void> {
  const attributes = report && readTdAttributes(report)
  await list.run('td_reserved', [attributes], requireReservedZero)
  await list.run('td_sept_ve_disable', [attributes], requireSeptVeDisable)
  for (const name of ['debug', 'migratable', 'perfmon'] as const) {
    if (policy.td[name]) list.skip(`td_${name}`, 'The policy tolerates this attribute.')
    else await list.run(`td_${name}`, [attributes], (set) => requireUnset(set, name))
  }
  if (policy.td.serviceTd) list.skip('td_service_td', 'The policy tolerates service TDs.')
  else if (report && !report.mrServiceTd) list.skip('td_service_td', 'A TD 1.0 report does not show service TDs.')
  else await list.run('td_service_td', [report?.mrServiceTd], requireNoServiceTd)

  const { imageH, images, mrSeam, platforms } = policy
  if (imageH === 'any') list.skip('image_h', notAsked('image manifest'))
  else await list.run('image_h', [report], (td) => requireImageH(td, imageH, names))
  if (images === 'any') list.skip('boot_image', notAsked('boot image'))
  else {
    const image = await list.run('boot_image', [report], (td) => requireBootImage(td, images.filter(isTdxImage)))
    if (image && image.waived.length > 0)
      list.skip('boot_image', `The policy accepts any ${image.waived.join(', ')} in the image ${image.label}.`)
  }
  if (!mrSeam) list.skip('mr_seam', notAsked('TDX module of a signer that Intel names'))
  else await list.run('mr_seam', [report], (td) => requireMrSeam(td, mrSeam))
  if (!platforms) list.skip('platform_id', notAsked('platform'))
  else await list.run('platform_id', [platform], (known) => requirePlatform(known, platforms))
}

const notAsked = (what: string): string => `The policy accepts any ${what}.`
