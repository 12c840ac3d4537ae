import { equalBytes } from '@dcml/protocol'
import { sha384 } from '@noble/hashes/sha2.js'
import { Refusal } from '../x509/der.ts'
import { each, type Named } from './each.ts'
import { matchRims, requireDisjoint, requireMeasurements } from './measurements.ts'
import type { ReadEvidence, SignedRim } from './read.ts'
import type { GpuJudge } from './verify.ts'
import { requireLeaf, type VerifiedDevices } from './verify-devices.ts'

/**
 * From the manifests' signatures to what the devices measure.
 * @returns the manifests whose chains are valid
 */
export async function verifyRims(
  judge: GpuJudge,
  read: ReadEvidence,
  verified: VerifiedDevices,
): Promise<readonly SignedRim[] | undefined> {
  const { list, chains } = judge
  const distinct = read.rims && distinctRims(read.rims)
  const certified = await list.run('gpu_rim_chain', [distinct], (all) =>
    each(all, async ({ chain }) => requireLeaf(await chains.verify(chain, chain.length))),
  )
  const signed = await list.run('gpu_rim_signature', [certified, distinct], async (_, all) => {
    await each(all, (rim) => requireSigned(rim, judge))
    return read.rims
  })
  const { fields, identities, reports } = verified
  const matched = await list.run('gpu_rim_match', [signed, fields, identities], (rims, said, certifiedAs) =>
    each(rims, (ofDevice, i) =>
      matchRims(
        ofDevice.map(({ rim }) => rim),
        said[i]!.value,
        certifiedAs[i]!.value,
      ),
    ),
  )
  const disjoint = await list.run('gpu_rim_indices', [matched], async (all) => {
    await each(all, requireDisjoint)
    return all
  })
  await list.run('gpu_measurements', [disjoint, reports, fields], (rims, measured, said) =>
    each(rims, (ofDevice, i) => requireMeasurements(measured[i]!.value.measurements, ofDevice, said[i]!.value)),
  )
  return certified && distinct?.map(({ value }) => value)
}

/** Devices of one machine bring the same manifests: each is verified once. */
function distinctRims(rims: readonly Named<readonly SignedRim[]>[]): Named<SignedRim>[] {
  const distinct = new Map<SignedRim, Named<SignedRim>>()
  for (const { name, value } of rims)
    for (const [i, rim] of value.entries())
      if (!distinct.has(rim)) distinct.set(rim, { name: `${name}, RIM ${i}`, value: rim })
  return [...distinct.values()]
}

/** The signer signs SignedInfo, which names the digest of all the rest. */
async function requireSigned({ rim, chain }: SignedRim, { verify }: GpuJudge): Promise<void> {
  if (!(await verify(chain[0]!.publicKey, rim.signedInfo, rim.signature)))
    throw new Refusal('the signature does not verify')
  if (!equalBytes(sha384(rim.content), rim.digest)) throw new Refusal('the content is not what was signed')
}
