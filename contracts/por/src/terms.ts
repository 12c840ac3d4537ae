import { type Books, nextVersion, refuse } from './books.ts'
import { type Edge, edgeOf } from './edge.ts'

/** What two endpoints agree about an edge; the contract only keeps it (Proof of Response §2). */
export interface Params {
  readonly latency: number
  readonly baseCost: bigint
  readonly byteCost: bigint
  readonly minLateRate: bigint
  readonly maxLateRate: bigint
  readonly sync: number
  readonly maxInflight: number
  readonly bytesPerSecond: number
}

/** The terms of an edge: those that hold, and those that will from a height on. */
export interface Terms {
  readonly params: Params
  /** Of the last update, 0 before the first. */
  readonly revision: number
  readonly next: { readonly params: Params; readonly from: bigint } | null
}

/** Blocks from an update until it may take effect: requesters have to hear of it. */
export const UPDATE_NOTICE = 20n

export interface Update {
  readonly edgeId: bigint
  readonly revision: number
  readonly params: Params
  readonly effectiveFrom: bigint
}

export function checkParams(params: Params): Params {
  if (params.minLateRate > params.maxLateRate) refuse('the least late rate is above the most')
  return params
}

/** The terms as of a block. */
export const termsAt = ({ params, revision, next }: Terms, height: bigint): Terms =>
  next && height >= next.from ? { params: next.params, revision, next: null } : { params, revision, next }

export const termsOf = (books: Books, id: bigint, height: bigint): Terms =>
  termsAt(books.terms.get(`${id}`) as Terms, height)

/**
 * Both ends change the terms, free of charge (§3.2 would have them break the edge).
 * @param areGenuine whether both signed this update
 */
export function update(
  books: Books,
  height: bigint,
  change: Update,
  areGenuine: (edge: Edge) => boolean,
): { edge: Edge; terms: Terms } {
  const edge = edgeOf(books, change.edgeId)
  if (edge.status !== 'active') refuse('only an active edge has terms to change')
  const terms = termsOf(books, change.edgeId, height)
  if (change.revision <= terms.revision) refuse(`revision ${terms.revision} holds already`)
  if (change.effectiveFrom < height + UPDATE_NOTICE) refuse(`an update needs ${UPDATE_NOTICE} blocks of notice`)
  const next = { params: checkParams(change.params), from: change.effectiveFrom }
  if (!areGenuine(edge)) refuse('the signatures are not those of both ends')
  const changed = { ...terms, revision: change.revision, next }
  books.terms.set(`${change.edgeId}`, changed)
  nextVersion(books)
  return { edge, terms: changed }
}
