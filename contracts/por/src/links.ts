import { type Books, refuse } from './books.ts'

/** What an edge is to one of its ends. Only an active one connects, from `at` on; a severed one was severed then. */
export type LinkState = 'pending' | 'active' | 'closing' | 'severed'

/** An edge, as the row of one of its ends has it. */
export interface Link {
  readonly id: bigint
  readonly peer: string
  readonly state: LinkState
  /** Block time in nanoseconds: of activation or cut, else 0. */
  readonly at: bigint
}

/** Most edges of a node, severed ones included until their penalty is released. It bounds what any method costs. */
export const MAX_LINKS = 64

const LETTER = { pending: 'p', active: 'a', closing: 'c', severed: 's' } as const
const STATE: Record<string, LinkState> = { p: 'pending', a: 'active', c: 'closing', s: 'severed' }

/** Plain text: records of a schema would cost ten times the gas to read. */
const written = (links: readonly Link[]): string =>
  links.map(({ id, peer, state, at }) => `${id} ${peer} ${LETTER[state]}${at}`).join(',')

export function linksOf(books: Books, account: string): Link[] {
  const row = books.links.get(account)
  if (row === null) return []
  return row.split(',').map((entry) => {
    const [id, peer, mark] = entry.split(' ') as [string, string, string]
    return { id: BigInt(id), peer, state: STATE[mark[0] as string] as LinkState, at: BigInt(mark.slice(1)) }
  })
}

function write(books: Books, account: string, links: readonly Link[]): void {
  if (links.length > 0) books.links.set(account, written(links))
  else books.links.remove(account)
}

/** Whether a link connects at a time. */
export const connects = ({ state, at }: Link, now: bigint): boolean => state === 'active' && at <= now

/** @throws Error if there is no room, or an edge of these two already, of those states */
export function checkRoom(links: readonly Link[], account: string, peer: string, none: readonly LinkState[]): void {
  if (links.length >= MAX_LINKS) refuse(`${account} has ${MAX_LINKS} edges already`)
  if (links.some((link) => link.peer === peer && none.includes(link.state)))
    refuse(`${account} has an edge with ${peer} already`)
}

/** Adds a link, or changes the one of this edge. */
export function putLink(books: Books, account: string, link: Link): void {
  const others = linksOf(books, account).filter(({ id }) => id !== link.id)
  write(books, account, [...others, link])
}

export function dropLink(books: Books, account: string, edgeId: bigint): void {
  const others = linksOf(books, account).filter(({ id }) => id !== edgeId)
  write(books, account, others)
}
