// Sees to it that a host's lock is not lost while its enclave could still speak (paper §6): a value made from the
// contract's public events alone. It holds no secret, and a lie to it costs at most a needless proof.
import type { Chain } from '@dcml/protocol'
import {
  type ChannelTerms,
  type ContractEvent,
  EVENTS,
  readClosed,
  readCloseStarted,
  readOpened,
  readToppedUp,
  STANDARD,
} from '../facts.ts'
import { refusal } from '../refuse.ts'

/** Where an event was logged: what a proof is asked with. */
export interface Place {
  readonly blockHeight: number
  readonly blockHash: string
  readonly receiptId: string
}

/** The shape of `@dcml/near`'s `readEvents` pages. */
export interface EventPage {
  readonly events: readonly (ContractEvent & Place)[]
  /** One past the last block that the page covers. */
  readonly next: number
}

export interface WatcherOptions {
  readonly chain: Chain
  /** Hosts to watch for; all of the contract where absent. */
  readonly hosts?: readonly string[]
  /** Alarms begin when so little of the challenge period is left. Milliseconds. */
  readonly warnBeforeMs: number
  /** … and become urgent. */
  readonly urgentBeforeMs: number
  /** Pause between attempts of one task. */
  readonly retryMs: number
  /** Longest time without news from the chain before that is an alarm itself. */
  readonly blindAfterMs: number
}

export interface WatchedChannel {
  readonly channelId: bigint
  readonly host: string
  /** What the opening said: an approval can be judged by it before it costs gas. */
  readonly terms: ChannelTerms
  /** The host's lock, equal to the deposit, in yoctoNEAR: what is lost without an answer. */
  readonly lock: bigint
  readonly opening: Place
  readonly closing: { readonly place: Place; readonly deadline: bigint } | null
  /** Text form of the approval to submit, once the enclave gave it. */
  readonly approval: string | null
  readonly attempts: number
  /** Milliseconds; null before the first attempt of the present task. */
  readonly attemptedAt: number | null
}

export interface Watcher {
  readonly options: WatcherOptions
  /** Block height to read events from. */
  readonly next: number
  /** When events were last read, in ms. */
  readonly seenAt: number
  /** Channels not yet closed. */
  readonly channels: ReadonlyMap<bigint, WatchedChannel>
}

/**
 * @param from block height of the contract's deployment, or what {@link resumeFrom} said before a restart
 * @param now ms
 */
export function startWatcher(options: WatcherOptions, from: number, now: number): Watcher {
  const { warnBeforeMs, urgentBeforeMs, retryMs, blindAfterMs } = options
  if (!(warnBeforeMs >= urgentBeforeMs && urgentBeforeMs > 0 && retryMs > 0 && blindAfterMs > 0))
    throw refusal(
      'watcher_options_invalid',
      'Warnings come before urgent alarms; times are above 0.',
      'Correct the times.',
    )
  return { options, next: from, seenAt: now, channels: new Map() }
}

/**
 * The one number a watcher has to keep: reading again from there makes the same watcher, but for approvals, which the
 * enclave gives again.
 */
export const resumeFrom = ({ next, channels }: Watcher): number =>
  Math.min(next, ...Array.from(channels.values(), ({ opening }) => opening.blockHeight))

/** Takes in a page of events. Blocks that were read before are passed over, so a page may come twice. */
export function observe(watcher: Watcher, { events, next }: EventPage, now: number): Watcher {
  const channels = new Map(watcher.channels)
  for (const event of events)
    if (event.blockHeight >= watcher.next && event.standard === STANDARD) take(channels, event, watcher.options)
  return { ...watcher, next: Math.max(next, watcher.next), seenAt: Math.max(now, watcher.seenAt), channels }
}

/** Notes that a task was tried, well or not: it comes again after `retryMs`. */
export const attempted = (watcher: Watcher, channelId: bigint, now: number): Watcher =>
  change(watcher, channelId, ({ attempts }) => ({ attempts: attempts + 1, attemptedAt: now }))

/** Notes the enclave's answer; the next task is to submit it. */
export const approved = (watcher: Watcher, channelId: bigint, approval: string): Watcher =>
  change(watcher, channelId, () => ({ approval, attempts: 0, attemptedAt: null }))

/** Gives up an approval that the contract refused, to ask for another. */
export const disapproved = (watcher: Watcher, channelId: bigint): Watcher =>
  change(watcher, channelId, () => ({ approval: null }))

function change(
  watcher: Watcher,
  channelId: bigint,
  by: (channel: WatchedChannel) => Partial<WatchedChannel>,
): Watcher {
  const channel = watcher.channels.get(channelId)
  if (channel === undefined) return watcher
  return { ...watcher, channels: new Map(watcher.channels).set(channelId, { ...channel, ...by(channel) }) }
}

function take(
  channels: Map<bigint, WatchedChannel>,
  event: ContractEvent & Place,
  { chain, hosts }: WatcherOptions,
): void {
  const { blockHeight, blockHash, receiptId } = event
  const place = { blockHeight, blockHash, receiptId }
  const update = (channelId: bigint, by: Partial<WatchedChannel>): void => {
    const channel = channels.get(channelId)
    if (channel !== undefined) channels.set(channelId, { ...channel, ...by })
  }
  if (event.event === EVENTS.opened) {
    const { terms, deposited: lock } = readOpened(event, chain)
    const { channelId, host } = terms
    const fresh = { opening: place, closing: null, approval: null, attempts: 0, attemptedAt: null }
    if (hosts === undefined || hosts.includes(host)) channels.set(channelId, { channelId, host, terms, lock, ...fresh })
  } else if (event.event === EVENTS.toppedUp) {
    const { channelId, deposited: lock } = readToppedUp(event, chain)
    update(channelId, { lock })
  } else if (event.event === EVENTS.closeStarted) {
    const { channelId, deadline } = readCloseStarted(event, chain)
    update(channelId, { closing: { place, deadline }, attempts: 0, attemptedAt: null })
  } else if (event.event === EVENTS.closed || event.event === EVENTS.forfeited)
    channels.delete(readClosed(event, chain).channelId)
}
