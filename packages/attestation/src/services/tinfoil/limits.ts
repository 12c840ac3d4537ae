// What evidence of Tinfoil does not prove, said of the very document that was judged.
import type { JudgeOptions } from '../judgement.ts'
import { gpuLimits, unboundSession, unknownImages } from '../limits.ts'
import type { TinfoilEvidence } from './document.ts'

/** One sentence each, what matters most first. */
export const tinfoilLimits = (document: TinfoilEvidence, options: JudgeOptions): string[] => [
  'Which release this is: Tinfoil publishes measurements by Sigstore; compare them, or put them into the policy as images.',
  'Which model answers: weights are named by dm-verity in that release, and answers are not signed.',
  ...unknownImages(options),
  ...gpuLimits(
    document.version === 3 && document.gpu !== undefined,
    'are tied by a hash in the report, which the enclave makes of what it was told',
  ),
  ...(document.version === 2 ? ['When: the report names no nonce, and is as old as the keys.'] : []),
  unboundSession(options),
]
