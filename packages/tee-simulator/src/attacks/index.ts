import { certificateAttacks } from './certificates.ts'
import { crlAttacks } from './crls.ts'
import { encodingAttacks } from './encodings.ts'
import type { Attack } from './forge.ts'
import { quoteAttacks } from './quotes.ts'
import { statementAttacks } from './statements.ts'
import { tcbAttacks } from './tcb.ts'
import { workloadAttacks } from './workload.ts'

/** Every attack; each is refused by the check it targets and by nothing else. */
export const attacks: readonly Attack[] = [
  ...quoteAttacks,
  ...certificateAttacks,
  ...encodingAttacks,
  ...crlAttacks,
  ...statementAttacks,
  ...tcbAttacks,
  ...workloadAttacks,
]
