// Peers restart, and what they held is lost. So that losses do not add up, a mark moves on to a new register at the
// processes that run now, while a majority still remembers. The old register ends with a mark that names the new one, by
// a step like any other: there is one successor, and none once another start has gone on.
import { createHash } from 'node:crypto'
import type { AntiRollback, Mark } from '@dcml/channels'
import { equalBytes } from '@dcml/protocol'
import { inTurn } from '../in-turn.ts'
import { advanceSession, openSession, type Quorum, type Session } from './session.ts'

/** One mark at certain processes. */
export interface Register {
  /** 32 secret bytes: who knows them, and runs this image, may write. */
  readonly id: Uint8Array
  /** Boot ids of the peers' processes, in the order of their addresses. */
  readonly memoryIds: readonly Uint8Array[]
}

/** What an enclave keeps of its registers. */
export interface Roster {
  readonly current: Register
  /** Where the mark was about to move, or has moved if the last mark of `current` says so. */
  readonly next: Register | null
}

/** A quorum whose losses can be seen. */
export interface WatchedQuorum extends Quorum {
  /** Whether a peer has restarted. */
  hasLost(): Promise<boolean>
  close(): Promise<void>
}

export interface MovingOptions {
  readonly roster: Roster
  /** Resolves when the roster survives a crash. */
  readonly save: (roster: Roster) => Promise<void>
  readonly quorumOf: (register: Register) => WatchedQuorum
  /** A new register at the processes that answer now; undefined unless all do. */
  readonly choose: () => Promise<Register | undefined>
}

/** A mark that moves away from peers that have forgotten. */
export interface MovingRegister extends AntiRollback {
  /** Moves the mark where a peer was lost and all addresses answer. @returns whether it did */
  lookAfter(): Promise<boolean>
  close(): Promise<void>
}

export function movingRegister({ roster, save, quorumOf, choose }: MovingOptions): MovingRegister {
  let { current, next } = roster
  let quorum = quorumOf(current)
  // unknown after anything that may or may not have been written
  let session: Session | undefined
  const turn = inTurn()

  async function moveTo(register: Register, there: WatchedQuorum, opened: Session | undefined): Promise<void> {
    const left = quorum
    quorum = there
    current = register
    next = null
    session = opened
    await left.close()
    await save({ current, next })
  }

  async function open(): Promise<Session> {
    for (;;) {
      session = undefined
      const opened = await openSession(quorum)
      if (next === null || !equalBytes(opened.mark.digest, farewell(next))) {
        session = opened
        return opened
      }
      await moveTo(next, quorumOf(next), undefined)
    }
  }

  async function step(before: Session, mark: Mark): Promise<Session> {
    session = undefined
    return advanceSession(quorum, before, mark)
  }

  async function move(before: Session, chosen: Register): Promise<void> {
    await save({ current, next: chosen })
    next = chosen
    const there = quorumOf(chosen)
    try {
      const opened = await openSession(there, before.mark)
      await step(before, { counter: before.mark.counter + 1n, digest: farewell(chosen) })
      await moveTo(chosen, there, opened)
    } catch (error) {
      if (quorum !== there) await there.close()
      throw error
    }
  }

  return {
    read: () => turn(async () => (await open()).mark),
    advance: (mark) =>
      turn(async () => {
        const before = session ?? (await open())
        const isNext = mark.counter === before.mark.counter + 1n
        session = isNext ? await step(before, mark) : await advanceSession(quorum, before, mark)
      }),
    async lookAfter() {
      // dialling takes time in which steps go on
      if (session === undefined || !(await quorum.hasLost())) return false
      const chosen = await choose()
      if (chosen === undefined) return false
      return turn(async () => {
        if (session === undefined) return false
        await move(session, chosen)
        return true
      })
    },
    close: () => quorum.close(),
  }
}

/** The last mark of a register that was left: no state has this digest. */
const farewell = ({ id }: Register): Uint8Array =>
  Uint8Array.from(createHash('sha256').update('dcml/quorum/moved').update(id).digest())
