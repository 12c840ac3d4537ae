// A channel as one file, to carry it between a machine that reaches the chain and one that reaches the enclave.
import { type Payer, topUpPayer } from '@dcml/channels'
import { equalBytes } from '@dcml/protocol'
import * as v from 'valibot'
import { readChannelKey } from './key.ts'
import { type ChannelRecord, formatRecord, parseRecord } from './record.ts'
import { refusal } from './refusal.ts'
import type { ChannelStore } from './store.ts'

const FORMAT = 'dcml/carried-channel'

const schema = v.strictObject({
  format: v.literal(FORMAT),
  version: v.literal(1),
  channel: v.looseObject({}),
  key: v.nullable(v.string()),
})

/** What goes into the file. */
export interface ExportOptions {
  /** With the channel key, which pays up to the whole deposit. Default false: then it stays where it is. */
  readonly withKey?: boolean
}

/**
 * Writes the channel of a store: its state, and the proofs that were fetched for it.
 * @throws DcmlError `channel_store_empty`, `channel_store_busy`, `channel_file_invalid`
 */
export async function exportChannel(store: ChannelStore, { withKey = false }: ExportOptions = {}): Promise<string> {
  return using(store, async ({ state, key }) => {
    if (state === null) throw emptyStore()
    const channel: unknown = JSON.parse(formatRecord(parseRecord(state)))
    return `${JSON.stringify({ format: FORMAT, version: 1, channel, key: withKey ? key : null })}\n`
  })
}

/**
 * Reads {@link exportChannel} into a store. Where it holds the same channel already, the farther of both states counts:
 * one side pays meanwhile, the other one tops up.
 * @throws DcmlError `channel_file_invalid`, `channel_store_used` by another channel, `channel_store_busy`
 */
export async function importChannel(text: string, store: ChannelStore): Promise<void> {
  const { record, key } = readCarried(text)
  if (key !== null && !equalBytes((await readChannelKey(key)).publicKey, record.wanted.payerKey)) throw foreignKey()
  await using(store, async (kept) => {
    const before = kept.state === null ? null : parseRecord(kept.state)
    if (before !== null && !sameChannel(before, record)) throw usedStore()
    if (key !== null) await store.saveKey(key)
    await store.saveState(formatRecord(before === null ? record : merged(before, record)))
  })
}

function readCarried(text: string): { record: ChannelRecord; key: string | null } {
  try {
    const { channel, key } = v.parse(schema, JSON.parse(text))
    return { record: parseRecord(JSON.stringify(channel)), key }
  } catch (cause) {
    throw refusal('channel_file_invalid', 'The file is not an exported channel.', 'Export it again.', {}, cause)
  }
}

async function using<T>(
  store: ChannelStore,
  act: (kept: Awaited<ReturnType<ChannelStore['load']>>) => Promise<T>,
): Promise<T> {
  const kept = await store.load()
  try {
    return await act(kept)
  } finally {
    await store.release()
  }
}

/** All that never changes: what was asked for, and what was opened where both know it. */
const sameChannel = (a: ChannelRecord, b: ChannelRecord): boolean => {
  const bare = ({ wanted }: ChannelRecord, payer: Payer | null): string =>
    formatRecord({ ...a, wanted, payer: payer && { ...a.payer!, terms: payer.terms } })
  const isOpen = a.payer !== null && b.payer !== null
  return bare(a, isOpen ? a.payer : null) === bare(b, isOpen ? b.payer : null)
}

function merged(here: ChannelRecord, there: ChannelRecord): ChannelRecord {
  const [a, b] = [here.payer, there.payer]
  if (a === null || b === null) return a === null ? there : here
  const [newer, older] = isAhead(b, a) ? [there, here] : [here, there]
  const { channelId } = newer.payer!.terms
  const payer = topUpPayer(newer.payer!, { channelId, deposited: older.payer!.deposited })
  // a proof that the enclave has seen changes nothing when it sees it again
  const topUp = [...here.unproven, ...there.unproven].filter(({ act, bundle }) => act === 'top-up' && bundle !== null)
  return {
    ...newer,
    // who pays here says how far, and not the file
    policy: here.policy,
    payer: {
      ...payer,
      policy: a.policy,
      closing: payer.closing ?? older.payer!.closing,
      settled: payer.settled ?? older.payer!.settled,
    },
    call: here.call ?? there.call,
    unproven: [...newer.unproven.filter(({ act }) => act === 'open'), ...topUp.slice(-1)],
    gone: here.gone || there.gone,
  }
}

const isAhead = (a: Payer, b: Payer): boolean =>
  a.authorised !== b.authorised
    ? a.authorised > b.authorised
    : a.spent > b.spent || (a.closing?.approval ?? null) !== null

const foreignKey = () =>
  refusal('channel_file_invalid', 'The key in the file is not that of its channel.', 'Export it again, with the key.')

/** The error of a store that holds no channel. */
export const emptyStore = () =>
  refusal('channel_store_empty', 'No channel is kept there.', 'Open one, or give the file that holds it.')

/** The error of a store that holds a channel that is not the one. */
export const usedStore = () =>
  refusal('channel_store_used', 'Another channel is kept there.', 'Close that one first, or keep this one elsewhere.')
