// What a watcher remembers of a node's events: those of channels that are not closed. Nodes drop blocks after two or
// three days and channels live for weeks, so the height alone would not bring a restarted watcher back.
import { createHash } from 'node:crypto'
import { readFileSync, renameSync, writeFileSync } from 'node:fs'
import type { PlacedEvent } from '@dcml/near'
import { DcmlError } from '@dcml/protocol'
import * as v from 'valibot'

/** Enough to make the same watcher again: `observe` these events, then read on. */
export interface Notes {
  /** Height to read on from. */
  readonly next: number
  readonly events: readonly PlacedEvent[]
}

const event = v.object({
  contractId: v.string(),
  standard: v.string(),
  version: v.string(),
  event: v.string(),
  data: v.unknown(),
  blockHeight: v.pipe(v.number(), v.safeInteger()),
  blockHash: v.string(),
  receiptId: v.string(),
})
const notes = v.object({ next: v.pipe(v.number(), v.safeInteger(), v.minValue(0)), events: v.array(event) })
const file = v.object({
  version: v.literal(1),
  networkId: v.string(),
  contract: v.string(),
  nodes: v.record(v.string(), notes),
})

/** Events of open channels, the newest of each kind: a payer who tops up a thousand times fills no disk. */
export class Notebook {
  #next: number
  readonly #channels = new Map<string, PlacedEvent[]>()

  constructor({ next, events }: Notes) {
    this.#next = next
    for (const event of events) this.#keep(event)
  }

  take(events: readonly PlacedEvent[], next: number, isOpen: (channelId: string) => boolean): void {
    this.#next = next
    for (const event of events) this.#keep(event)
    for (const id of this.#channels.keys()) if (!isOpen(id)) this.#channels.delete(id)
  }

  get notes(): Notes {
    return { next: this.#next, events: [...this.#channels.values()].flat() }
  }

  #keep(event: PlacedEvent): void {
    const id = channelOf(event)
    if (id === undefined) return
    const others = (this.#channels.get(id) ?? []).filter((other) => other.event !== event.event)
    this.#channels.set(id, [...others, event])
  }
}

/** Id of the channel that an event speaks of, in decimal. */
export const channelOf = ({ data }: PlacedEvent): string | undefined => {
  const id = (data as { channel_id?: unknown } | null)?.channel_id
  return typeof id === 'string' ? id : undefined
}

/** The name of a node in the file: its URL may carry somebody's key. */
export const nodeName = (url: string): string => createHash('sha256').update(url).digest('hex').slice(0, 16)

interface Contract {
  readonly networkId: string
  readonly contract: string
}

/**
 * Reads what was kept of each node, by its name; undefined where there is no file.
 * @throws DcmlError `watcher_state_invalid` for another file, or that of another contract
 */
export function readNotes(path: string, { networkId, contract }: Contract): Record<string, Notes> | undefined {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
  const asked = v.object({ ...file.entries, networkId: v.literal(networkId), contract: v.literal(contract) })
  const parsed = v.safeParse(v.pipe(v.string(), v.parseJson(), asked), text)
  if (parsed.success) return parsed.output.nodes
  throw new DcmlError('watcher_state_invalid', `${path} is no state of a watcher of ${contract} on ${networkId}.`, {
    hint: 'Name the file of this contract. If it was damaged, remove it: reading begins again at --from.',
    cause: parsed.issues[0].message,
  })
}

/** Replaces the file whole: after a crash there is the old one or the new one. */
export function writeNotes(path: string, { networkId, contract }: Contract, nodes: Record<string, Notes>): void {
  const text = JSON.stringify({ version: 1, networkId, contract, nodes }, (_, value: unknown) =>
    typeof value === 'bigint' ? `${value}` : value,
  )
  writeFileSync(`${path}.new`, text, { flush: true })
  renameSync(`${path}.new`, path)
}
