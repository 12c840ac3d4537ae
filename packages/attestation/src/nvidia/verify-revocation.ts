import { NOT_ASKED, type ReadEvidence } from './read.ts'
import { distinctSubjects, requireAuthority, requireCurrent, requireUnrevoked, subjectsOf } from './revocation.ts'
import type { GpuJudge } from './verify.ts'

/** NVIDIA's responder answers from the device's own certificate upwards, and for every certificate of a manifest. */
const FIRST_OF_DEVICE = 1
const FIRST_OF_RIM = 0

/** Whether NVIDIA stands by the certificates of devices and manifests. */
export async function verifyRevocation(
  { list, verify, policy, now }: GpuJudge,
  { chains, rims, statements }: ReadEvidence,
): Promise<void> {
  if (policy.revocation === 'off') {
    for (const name of ['gpu_revocation_signature', 'gpu_not_revoked', 'gpu_revocation_current'] as const)
      list.skip(name, NOT_ASKED)
    return
  }
  const subjects =
    chains &&
    rims &&
    distinctSubjects([
      ...chains.flatMap(({ value }) => subjectsOf(value, FIRST_OF_DEVICE)),
      ...rims.flatMap(({ value }) => value.flatMap(({ chain }) => subjectsOf(chain, FIRST_OF_RIM))),
    ])
  const signed = await list.run('gpu_revocation_signature', [statements, subjects], (all, known) =>
    requireAuthority(all, known, verify, now),
  )
  await list.run('gpu_not_revoked', [signed, subjects], requireUnrevoked)
  await list.run('gpu_revocation_current', [signed, subjects], (all, known) => requireCurrent(all, known, policy, now))
}
