import { equalBytes, toHex } from '@dcml/protocol'
import type { GpuPolicy } from '../policy/policy.ts'
import { type Certificate, carries, EXTENSION, KEY_USAGE } from '../x509/certificate.ts'
import { Refusal } from '../x509/der.ts'
import { each, type Named } from './each.ts'
import type { DeviceFields } from './fields.ts'
import { type DeviceIdentity, readIdentity, requireFwid } from './identity.ts'
import { isAtLeast } from './measurements.ts'
import type { ReadEvidence } from './read.ts'
import type { GpuReport } from './spdm.ts'
import { requireDistinct, requireIdentity, requireMode, requireTopology } from './topology.ts'
import type { GpuJudge } from './verify.ts'

/** What the signatures of the devices vouch for, device by device; each part undefined where a check it needs failed. */
export interface VerifiedDevices {
  readonly leaves: readonly Named<Certificate>[] | undefined
  readonly reports: readonly Named<GpuReport>[] | undefined
  readonly fields: readonly Named<DeviceFields>[] | undefined
  readonly identities: readonly Named<DeviceIdentity>[] | undefined
}

/** Leaf, device, provisioner, family, root. */
const CHAIN_LENGTH = 5

/** From the certificates through the signature to what the devices are, alone and together. */
export async function verifyDevices(
  judge: GpuJudge,
  read: ReadEvidence,
  nonce: Uint8Array | undefined,
): Promise<VerifiedDevices> {
  const { list, verify, chains, policy } = judge
  const leaves = await list.run('gpu_chain', [read.chains], (all) =>
    each(all, async (chain) => requireLeaf(await chains.verify(chain, CHAIN_LENGTH))),
  )
  const reports = await list.run('gpu_signature', [leaves, read.reports], (keys, all) =>
    each(all, async (report, i) => {
      if (!(await verify(keys[i]!.value.publicKey, report.signed, report.signature)))
        throw new Refusal('the signature of the report does not verify')
      return report
    }),
  )
  const fields = reports && read.fields
  await list.run('gpu_fwid', [leaves, fields], (keys, all) =>
    each(all, ({ kind, fwid }, i) => {
      if (fwid) requireFwid(keys[i]!.value, fwid)
      else if (kind === 'gpu') throw new Refusal('the report does not name its firmware (FWID): its driver is too old')
    }),
  )
  const identities = await list.run('gpu_identity', [leaves, read.chains, fields], (_, all, said) =>
    each(all, (chain, i) => {
      const identity = readIdentity(chain)
      requireIdentity(said[i]!.value, identity)
      return identity
    }),
  )
  await list.run('gpu_distinct', [identities], (all) => requireDistinct(all.map(({ value }) => value)))
  await verifyNonce(judge, reports, nonce)
  await list.run('gpu_chip', [identities], (all) => each(all, (identity) => requireChip(identity, policy)))
  await verifyMachine(judge, fields, identities)
  await verifyVersions(judge, fields)
  return { leaves, reports, fields, identities }
}

async function verifyNonce(
  { list, policy }: GpuJudge,
  reports: readonly Named<GpuReport>[] | undefined,
  nonce: Uint8Array | undefined,
): Promise<void> {
  if (nonce === undefined && !policy.boundToCpu) {
    list.skip('gpu_nonce', 'The policy does not bind GPUs to the CPU.')
    return
  }
  await list.run('gpu_nonce', [reports], (all) =>
    each(all, (report) => {
      if (nonce === undefined) throw new Refusal('nothing says which nonce it had to sign')
      if (!equalBytes(report.nonce, nonce)) throw new Refusal(`it signed ${toHex(report.nonce)}, not ${toHex(nonce)}`)
    }),
  )
}

/** How the devices are used together. */
async function verifyMachine(
  { list }: GpuJudge,
  fields: readonly Named<DeviceFields>[] | undefined,
  identities: readonly Named<DeviceIdentity>[] | undefined,
): Promise<void> {
  const withGpu = fields?.some(({ value }) => value.kind === 'gpu') ? fields : undefined
  const mode = await list.run('gpu_mode', [withGpu], (all) => requireMode(all.map(({ value }) => value)))
  if (mode !== undefined && mode !== 'ppcie') list.skip('gpu_topology', `No switches are trusted in mode ${mode}.`)
  else
    await list.run('gpu_topology', [mode, fields, identities], (_, said, certified) =>
      requireTopology(said.map(({ name, value }, i) => ({ name, fields: value, identity: certified[i]!.value }))),
    )
}

async function verifyVersions(
  { list, policy }: GpuJudge,
  fields: readonly Named<DeviceFields>[] | undefined,
): Promise<void> {
  for (const [name, part, radix] of [
    ['gpu_min_driver', 'driver', 10],
    ['gpu_min_vbios', 'vbios', 16],
  ] as const) {
    const least = part === 'driver' ? policy.minDriver : policy.minVbios
    if (least === undefined) list.skip(name, `The policy accepts any ${part}.`)
    else
      await list.run(name, [fields], (all) =>
        each(all, (said) => {
          if (said.kind === 'gpu' && !isAtLeast(said[part], least, radix))
            throw new Refusal(`${part} ${said[part]} is older than ${least}`)
        }),
      )
  }
}

/**
 * A leaf signs data, whatever data: manifests and devices are alike in that. One that is certified for some purpose, as
 * OCSP responders below the same CAs are, is for that alone (RFC 5280 §4.2.1.12).
 * @throws Refusal
 */
export function requireLeaf(certificate: Certificate): Certificate {
  if (certificate.isCa) throw new Refusal('the leaf is a CA')
  if (!(certificate.keyUsage & KEY_USAGE.digitalSignature)) throw new Refusal('the leaf may not sign data (keyUsage)')
  if (carries(certificate, EXTENSION.extendedKeyUsage))
    throw new Refusal('the leaf is certified for another purpose (extendedKeyUsage)')
  return certificate
}

function requireChip({ kind, chip }: DeviceIdentity, { chips }: GpuPolicy): void {
  if (kind === 'gpu' && !chips.includes(chip))
    throw new Refusal(`chip ${chip} is none of ${chips.join(', ') || 'no chips at all'}`)
}
