import { type Books, type Caller, type Payout, refuse, shift } from './books.ts'
import { countsAsCut, type Isolated, isolate } from './isolation.ts'
import { connects, linksOf } from './links.ts'
import { nodeOf } from './node.ts'
import { type Certificate, checkHangs, MAX_CUT } from './partition.ts'

/**
 * A partition proof too long for one call. First all nodes are collected, with the version of each; then each is
 * checked to have that version still. So there was one moment, between the two, when all of it was true at once, however
 * many calls it took, and nothing that happens outside of its nodes can disturb it.
 */
export interface Proof {
  readonly by: string
  /** Rows paid for, and rows there are. */
  readonly room: number
  readonly marks: number
  /** Still to be collected (0) or when all had been: block time in nanoseconds. */
  readonly at: bigint
  /** Nodes collected and not checked yet. */
  readonly unchecked: number
  readonly hasWitness: boolean
  readonly hasCut: boolean
  readonly stakeWitness: bigint
  readonly stakeCut: bigint
  readonly slashes: boolean
  /** Some of its nodes are forgotten: it proves nothing any more. */
  readonly dropped: boolean
}

const MILLI = 10n ** 21n
/** Paid for a proof's row, and for each node of it; both come back. */
export const PROOF_STORAGE: bigint = 4n * MILLI
export const MARK_STORAGE: bigint = 25n * 10n ** 20n
/** Most nodes of one proof. */
export const MAX_MARKS = 100_000n

/** For so long after its moment a proof can be acted on: it tells of then, and not of now. */
export const PROOF_LIFE: bigint = 3_600n * 10n ** 9n

/** Key of a node's mark; no account id has a slash. */
export const markAt = (id: bigint, account: string): string => `${id}/${account}`

/** Marks: the side, and the version seen. Checked nodes of the cut stay, for the ones beside them. */
const WITNESS = 'w'
const CUT = 'c'
const CHECKED = 'k'

const proofOf = (books: Books, id: bigint): Proof => books.proofs.get(`${id}`) ?? refuse(`there is no proof ${id}`)

const liveProof = (books: Books, id: bigint): Proof => {
  const proof = proofOf(books, id)
  return proof.dropped ? refuse(`proof ${id} was dropped`) : proof
}

const hasMark = (books: Books, id: bigint, account: string, sides: string): boolean => {
  const mark = books.marks.get(markAt(id, account))
  return mark !== null && sides.includes(mark[0] as string)
}

/** Begins a proof, with room for as many nodes as were paid for. */
export function start(books: Books, { by, attached }: Caller): { id: bigint; proof: Proof } {
  const room = (attached - PROOF_STORAGE) / MARK_STORAGE
  if (attached < PROOF_STORAGE + 2n * MARK_STORAGE) refuse('attach the storage of two nodes at least')
  if (room > MAX_MARKS || PROOF_STORAGE + room * MARK_STORAGE !== attached)
    refuse(`attach ${PROOF_STORAGE} and ${MARK_STORAGE} yoctoNEAR for each of up to ${MAX_MARKS} nodes`)
  const id = books.nextProof
  const proof: Proof = {
    by,
    room: Number(room),
    marks: 0,
    at: 0n,
    unchecked: 0,
    hasWitness: false,
    hasCut: false,
    stakeWitness: 0n,
    stakeCut: 0n,
    slashes: false,
    dropped: false,
  }
  shift(books, { storage: attached })
  books.nextProof = id + 1n
  books.proofs.set(`${id}`, proof)
  return { id, proof }
}

/**
 * Adds nodes. Each witness but the very first hangs by its edge of `tree` on one before it; each node of the cut but the
 * very first has an active edge to one before it, so that the cut is one connected part.
 */
export function collect(books: Books, { by, now }: Caller, id: bigint, { cut, witness, tree }: Certificate): Proof {
  const found = liveProof(books, id)
  if (by !== found.by) refuse(`only ${found.by} may add to this proof`)
  if (found.at !== 0n) refuse('the proof is being checked already')
  if (found.marks + cut.length + witness.length > found.room) refuse(`the proof has room for ${found.room} nodes`)
  if (tree.length !== witness.length - (found.hasWitness || witness.length === 0 ? 0 : 1))
    refuse('the tree has one edge for each witness but the first')
  const mark = (account: string, side: string): bigint => {
    const node = nodeOf(books, account)
    if (books.marks.has(markAt(id, account))) refuse(`${account} is named twice`)
    books.marks.set(markAt(id, account), `${side}${node.version}`)
    return node.stake
  }
  let { hasWitness, hasCut, stakeWitness } = found
  const edges = tree[Symbol.iterator]()
  for (const account of witness) {
    if (hasWitness)
      checkHangs(books, now, account, edges.next().value as bigint, (other) => hasMark(books, id, other, WITNESS))
    stakeWitness += mark(account, WITNESS)
    hasWitness = true
  }
  for (const account of cut) {
    const isBeside = () =>
      linksOf(books, account).some((link) => connects(link, now) && hasMark(books, id, link.peer, CUT))
    if (hasCut && !isBeside()) refuse(`${account} has no edge to a node of the cut before it`)
    mark(account, CUT)
    hasCut = true
  }
  const added = cut.length + witness.length
  const counts = { marks: found.marks + added, unchecked: found.unchecked + added }
  const proof = { ...found, ...counts, hasWitness, hasCut, stakeWitness }
  books.proofs.set(`${id}`, proof)
  return proof
}

/**
 * Checks nodes again; the first check ends the collection. Witnesses are as they were; so are the nodes of the cut, and
 * no edge connects them to others. Stake added since counts for the cut and not for the witnesses.
 */
export function check(
  books: Books,
  { by, now }: Caller,
  id: bigint,
  { cut, witness }: Pick<Certificate, 'cut' | 'witness'>,
): Proof {
  const found = liveProof(books, id)
  // or a stranger could end the collection before it is whole
  if (by !== found.by) refuse(`only ${found.by} may have this proof checked`)
  if (!found.hasWitness || !found.hasCut) refuse('the proof names no witness yet, or no node that is cut off')
  const at = found.at === 0n ? now : found.at
  let { stakeCut, slashes } = found
  for (const account of witness) {
    checkVersion(books, id, account, WITNESS)
    books.marks.remove(markAt(id, account))
  }
  for (const account of cut) {
    const node = checkVersion(books, id, account, CUT)
    for (const link of linksOf(books, account)) {
      const isInside = hasMark(books, id, link.peer, CUT + CHECKED)
      if (connects(link, now) && !isInside) refuse(`edge ${link.id} connects ${account} to ${link.peer}`)
      slashes ||= !isInside && countsAsCut(books, node, link, at)
    }
    books.marks.set(markAt(id, account), CHECKED)
    stakeCut += node.stake
  }
  const marks = found.marks - witness.length
  const unchecked = found.unchecked - witness.length - cut.length
  const proof = { ...found, at, marks, unchecked, stakeCut, slashes }
  books.proofs.set(`${id}`, proof)
  return proof
}

function checkVersion(books: Books, id: bigint, account: string, side: string) {
  const node = nodeOf(books, account)
  const mark = books.marks.get(markAt(id, account))
  if (mark?.[0] !== side) refuse(`${account} is not to be checked there`)
  if (mark !== `${side}${node.version}`) refuse(`${account} has changed: begin another proof`)
  return node
}

/** Declares nodes of a proof cut off, as of its moment; anyone may. The storage comes back with the last. */
export function finish(books: Books, { now }: Caller, id: bigint, cut: readonly string[]): Ended {
  const proof = liveProof(books, id)
  if (proof.at === 0n || proof.unchecked > 0) refuse(`${proof.unchecked} nodes are to be checked first`)
  if (now > proof.at + PROOF_LIFE) refuse('the proof is too old')
  if (proof.stakeWitness <= proof.stakeCut)
    refuse(`the witnesses have ${proof.stakeWitness} yoctoNEAR at stake, no more than the ${proof.stakeCut} of the cut`)
  if (cut.length > MAX_CUT) refuse(`name up to ${MAX_CUT} nodes at once`)
  const isolated: Isolated[] = []
  for (const account of cut) {
    if (!hasMark(books, id, account, CHECKED)) refuse(`${account} is not in the cut, or done`)
    books.marks.remove(markAt(id, account))
    const node = books.nodes.get(account)
    // who left meanwhile is gone anyhow
    const done = node && isolate(books, account, node, proof.at, proof.slashes)
    if (done) isolated.push(done)
  }
  return { isolated, payouts: end(books, id, proof, cut.length) }
}

/** Who began a proof forgets nodes of it; the storage comes back with the last. */
export function drop(books: Books, { by }: Caller, id: bigint, accounts: readonly string[]): Payout[] {
  const proof = proofOf(books, id)
  if (by !== proof.by) refuse(`only ${proof.by} may drop this proof`)
  for (const account of accounts)
    if (!books.marks.remove(markAt(id, account))) refuse(`${account} is not in this proof`)
  return end(books, id, { ...proof, dropped: true }, accounts.length)
}

interface Ended {
  readonly isolated: readonly Isolated[]
  readonly payouts: readonly Payout[]
}

/** Takes so many marks off; the last takes the proof with it. */
function end(books: Books, id: bigint, proof: Proof, removed: number): Payout[] {
  const marks = proof.marks - removed
  if (marks > 0) {
    books.proofs.set(`${id}`, { ...proof, marks })
    return []
  }
  const amount = PROOF_STORAGE + BigInt(proof.room) * MARK_STORAGE
  shift(books, { storage: -amount })
  books.proofs.remove(`${id}`)
  return [{ account: proof.by, amount }]
}
