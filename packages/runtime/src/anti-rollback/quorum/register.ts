import type { AntiRollback } from '@dcml/channels'
import { inTurn } from '../in-turn.ts'
import { advanceSession, openSession, type Quorum, type Session } from './session.ts'

/**
 * The mark at a quorum of peers. Reading it ends every earlier start of this enclave, and every other copy of it: their
 * next step is refused.
 */
export function quorumRegister(quorum: Quorum): AntiRollback {
  let session: Session | undefined
  const turn = inTurn()
  return {
    read: () =>
      turn(async () => {
        session = await openSession(quorum)
        return session.mark
      }),
    advance: (next) =>
      turn(async () => {
        const before = session ?? (await openSession(quorum))
        // a step that failed may have been written: only a new session tells
        session = next.counter === before.mark.counter + 1n ? undefined : before
        session = await advanceSession(quorum, before, next)
      }),
  }
}
