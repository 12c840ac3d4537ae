import type { Certificate } from '../x509/certificate.ts'
import type { Named } from './each.ts'
import { NOT_ASKED, type SignedRim } from './read.ts'
import {
  distinctSubjects,
  requireAuthority,
  requireCurrent,
  requireUnrevoked,
  type Statement,
  subjectsOf,
} from './revocation.ts'
import type { GpuJudge } from './verify.ts'

/** NVIDIA's responder answers from the device's own certificate upwards, and for every certificate of a manifest. */
const FIRST_OF_DEVICE = 1
const FIRST_OF_RIM = 0

/** Where statements came with certificates that are otherwise valid; each part undefined where not. */
interface Revocable {
  readonly statements: readonly Named<Statement>[] | undefined
  readonly chains: readonly Named<readonly Certificate[]>[] | undefined
  readonly rims: readonly SignedRim[] | undefined
}

/** Whether NVIDIA stands by the certificates of devices and manifests. */
export async function verifyRevocation(
  { list, verify, policy, now }: GpuJudge,
  { statements, chains, rims }: Revocable,
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
      ...rims.flatMap(({ chain }) => subjectsOf(chain, FIRST_OF_RIM)),
    ])
  const signed = await list.run('gpu_revocation_signature', [statements, subjects], (all, known) =>
    requireAuthority(all, known, verify, now),
  )
  const unrevoked = await list.run('gpu_not_revoked', [signed, subjects], requireUnrevoked)
  await list.run('gpu_revocation_current', [unrevoked, subjects], (all, known) =>
    requireCurrent(all, known, policy, now),
  )
}
