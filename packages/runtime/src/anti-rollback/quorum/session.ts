// Peers' enclaves remember the last mark of this one, after ROTE (Matetic et al., USENIX Security 2017): of 2f+1 any f may
// be lost. ROTE's counters are bare numbers; a mark names a state, and a host can have two states of one number made. Votes
// for two may then split, and once f peers are lost nobody could tell which of them had a majority. So a mark is agreed
// on as in Paxos, one register that is rewritten step by step (Rystsov, CASPaxos, 2018): each start of the enclave takes
// a term of its own at a majority, which ends all earlier ones, and writes what it found again under it before it
// believes it. A step then costs one round trip.
import type { Mark } from '@dcml/channels'
import { equalBytes } from '@dcml/protocol'
import type { Held, Recalled, Remembered } from './memory.ts'
import { majorityOf, type Poll, poll } from './poll.ts'
import { conflict, forked, quorumLost, unreachable } from './refusals.ts'
import { compareTerms, type Term } from './term.ts'

/** One of the peers chosen when the session key was made. A rejection means no answer: the message may have arrived. */
export interface Peer {
  recall(term: Term): Promise<Recalled>
  remember(held: Held): Promise<Remembered>
}

/** The peers, and what the protocol needs from outside. */
export interface Quorum {
  /** All that were chosen, those that are gone too: an odd number. */
  readonly peers: readonly Peer[]
  /** 16 fresh random bytes in hex. */
  readonly random: () => string
  /** Waits before asking again, a little at random. @param tries so far @returns false to give up */
  readonly again: (tries: number) => Promise<boolean>
}

/** What one start of an enclave knows: its term, and the mark that nobody can outdate without ending the term. */
export interface Session {
  readonly term: Term
  readonly mark: Mark
}

const NOTHING: Mark = { counter: 0n, digest: new Uint8Array(32) }

/**
 * Takes a term, and settles which mark is the last: of a step that was cut off, either outcome, and that one for good.
 * @param first what it is where there is none yet
 * @throws DcmlError `rollback_quorum_lost`, `rollback_quorum_unreachable`, `rollback_forked`
 */
export async function openSession(quorum: Quorum, first: Mark = NOTHING): Promise<Session> {
  const { peers, random, again } = quorum
  for (let number = 1n, tries = 1; ; tries++) {
    const term: Term = { number, id: random() }
    const recalled = await poll(peers, 'promised', (peer) => peer.recall(term))
    let asked: Poll<unknown> = recalled
    if (recalled.agreed !== null) {
      const mark = latest(recalled.agreed.flatMap(({ held }) => held ?? [])) ?? first
      const held = { term, mark, attempt: random() }
      asked = await poll(peers, 'kept', (peer) => peer.remember(held))
      if (asked.agreed !== null) return { term, mark }
    }
    requireMemory(quorum, asked)
    const above = asked.outrankedBy?.number ?? 0n
    // the first try of every later start is outranked by the one before it
    const isBehind = tries === 1 && above > 0n
    if (!isBehind && !(await again(tries))) throw unreachable(peers.length)
    number = (above > number ? above : number) + 1n
  }
}

/**
 * Writes the next mark under the session's term.
 * @throws DcmlError `rollback_conflict`, `rollback_quorum_lost`, `rollback_quorum_unreachable`; after the last two it is
 * open whether it was written, and only a new session tells
 */
export async function advanceSession(quorum: Quorum, { term, mark }: Session, next: Mark): Promise<Session> {
  const { peers, random, again } = quorum
  if (next.counter !== mark.counter + 1n) throw conflict(mark.counter, next.counter)
  const own = { counter: next.counter, digest: next.digest.slice() }
  const held = { term, mark: own, attempt: random() }
  for (let tries = 1; ; tries++) {
    const asked = await poll(peers, 'kept', (peer) => peer.remember(held))
    if (asked.agreed !== null) return { term, mark: own }
    if (asked.refused > peers.length - majorityOf(peers.length)) throw conflict(mark.counter, next.counter)
    requireMemory(quorum, asked)
    if (!(await again(tries)))
      throw asked.refused > 0 ? conflict(mark.counter, next.counter) : unreachable(peers.length)
  }
}

/**
 * The mark that may have had a majority: under the highest term, the furthest. What a lower term wrote beside it had
 * none, or the higher one would have found it.
 * @throws DcmlError `rollback_forked` where two of them are as far, which only copies of one memory can do
 */
function latest(held: readonly Held[]): Mark | undefined {
  const [last, ...others] = [...held].sort(
    (a, b) =>
      compareTerms(b.term, a.term) || Number(b.mark.counter > a.mark.counter) - Number(b.mark.counter < a.mark.counter),
  )
  if (last === undefined) return undefined
  for (const { term, mark } of others)
    if (
      compareTerms(term, last.term) === 0 &&
      mark.counter === last.mark.counter &&
      !equalBytes(mark.digest, last.mark.digest)
    )
      throw forked(mark.counter)
  return last.mark
}

/** @throws DcmlError `rollback_quorum_lost` once so many have forgotten that the rest is no majority */
function requireMemory({ peers }: Quorum, { forgotten }: Poll<unknown>): void {
  if (peers.length - forgotten < majorityOf(peers.length)) throw quorumLost(forgotten, peers.length)
}
