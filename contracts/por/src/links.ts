import { type Books, refuse } from './books.ts'

/** What an edge is to one of its ends. Only an active one connects, from `at` on; a severed one was severed then. */
export type LinkState = 'pending' | 'active' | 'closing' | 'severed'

/** An edge, as the row of one of its ends has it. */
export interface Link {
  readonly id: bigint
  readonly peer: string
  readonly state: LinkState
  /** Block time in nanoseconds: of activation or cut, or until when a closing one connected; else 0. */
  readonly at: bigint
}

/** Most edges of a node, severed ones included until their penalty is released. It bounds what any method costs. */
export const MAX_LINKS = 64

const LETTER = { pending: 'p', active: 'a', closing: 'c', severed: 's' } as const
const STATE: Record<string, LinkState> = { p: 'pending', a: 'active', c: 'closing', s: 'severed' }

/** Plain text: records of a schema would cost ten times the gas. */
const written = ({ id, peer, state, at }: Link): string => `${id} ${peer} ${LETTER[state]}${at}`

const entriesOf = (books: Books, account: string): string[] => books.links.get(account)?.split(',') ?? []

export const linksOf = (books: Books, account: string): Link[] =>
  entriesOf(books, account).map((entry) => {
    const [id, peer, mark] = entry.split(' ') as [string, string, string]
    return { id: BigInt(id), peer, state: STATE[mark[0] as string] as LinkState, at: BigInt(mark.slice(1)) }
  })

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
  write(books, account, [...without(books, account, link.id), written(link)])
}

export function dropLink(books: Books, account: string, edgeId: bigint): void {
  write(books, account, without(books, account, edgeId))
}

function without(books: Books, account: string, edgeId: bigint): string[] {
  const start = `${edgeId} `
  return entriesOf(books, account).filter((entry) => !entry.startsWith(start))
}

function write(books: Books, account: string, entries: readonly string[]): void {
  if (entries.length > 0) books.links.set(account, entries.join(','))
  else books.links.remove(account)
}
