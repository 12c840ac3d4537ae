import type { AntiRollback } from '@dcml/channels'
import { advanceSession, openSession, type Quorum, type Session } from './session.ts'

/**
 * The mark at a quorum of peers. Reading it ends every earlier start of this enclave, and every other copy of it: their
 * next step is refused.
 */
export function quorumRegister(quorum: Quorum): AntiRollback {
  let session: Session | undefined
  let running: Promise<unknown> = Promise.resolve()
  const inTurn = <T>(act: () => Promise<T>): Promise<T> => {
    const done = running.then(act)
    running = done.catch(() => {})
    return done
  }
  return {
    read: () =>
      inTurn(async () => {
        session = await openSession(quorum)
        return session.mark
      }),
    advance: (next) =>
      inTurn(async () => {
        session ??= await openSession(quorum)
        const before = session
        // until it is known to have been written, it is not known what was
        const isNext = next.counter === before.mark.counter + 1n
        if (isNext) session = undefined
        session = await advanceSession(quorum, before, next)
      }),
  }
}
