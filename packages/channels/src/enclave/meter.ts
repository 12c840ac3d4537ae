// One channel inside the enclave, as a value. Every function takes a meter and returns the next one; what is refused
// throws and changes nothing. Invariant, of every value that these functions return:
//   spent + reserved <= authorised <= deposited
import { sharesOf, type TokenCounts } from '@dcml/protocol'
import { type Amounts, smaller } from '../amounts.ts'
import type { ChannelTerms, Opened } from '../facts.ts'
import { refusal } from '../refuse.ts'

/** Tokens that one request may still deliver, and those it has. */
export interface Reservation {
  readonly left: TokenCounts
  readonly delivered: TokenCounts
}

export interface Meter {
  readonly terms: ChannelTerms
  readonly deposited: bigint
  readonly authorised: bigint
  /** Tokens delivered on the channel in all. */
  readonly delivered: TokenCounts
  /** By request id. */
  readonly reservations: ReadonlyMap<string, Reservation>
  /** By request id: what an answer that is sent whole may cost at most. Nothing of it is sent before it is charged. */
  readonly holds: ReadonlyMap<string, TokenCounts>
}

/** What has to be authorised before a request goes on: the body of a 402, and of a pause in a stream. */
export interface Demand {
  readonly channelId: bigint
  readonly deposited: bigint
  readonly authorised: bigint
  readonly spent: bigint
  /** Promised to requests under way, so not free for this one. */
  readonly reserved: bigint
  /** Smallest cumulative voucher with which the request goes on. */
  readonly required: bigint
  /** True where that is more than is deposited: top up first. */
  readonly exhausted: boolean
  /** Where its payer said what the request may cost: the request by itself. */
  readonly request?: RequestDemand
}

/** One request, as far as it has come, in yoctoNEAR. */
export interface RequestDemand {
  /** Names it to the enclave. */
  readonly id: string
  /** Cost of what was delivered of it. */
  readonly spent: bigint
  /** Smallest allowance with which it goes on. */
  readonly required: bigint
  readonly allowed: bigint
}

/** What its payer allows one request to cost in all, in yoctoNEAR: vouchers for other requests do not pay for it beyond. */
export interface Allowance {
  readonly id: string
  readonly allowed: bigint
}

/** What a request may deliver now, or what it waits for. */
export type Granted = { readonly granted: TokenCounts } | { readonly demand: Demand }

export const NO_TOKENS: TokenCounts = { promptTokens: 0n, completionTokens: 0n }

const add = (a: TokenCounts, b: TokenCounts): TokenCounts => ({
  promptTokens: a.promptTokens + b.promptTokens,
  completionTokens: a.completionTokens + b.completionTokens,
})
const subtract = (a: TokenCounts, b: TokenCounts): TokenCounts => ({
  promptTokens: a.promptTokens - b.promptTokens,
  completionTokens: a.completionTokens - b.completionTokens,
})
const isCount = ({ promptTokens, completionTokens }: TokenCounts): boolean =>
  promptTokens >= 0n && completionTokens >= 0n
const covers = (a: TokenCounts, b: TokenCounts): boolean =>
  a.promptTokens >= b.promptTokens && a.completionTokens >= b.completionTokens

/** Tokens that requests under way may send at any moment. */
const sendable = ({ reservations }: Meter): TokenCounts =>
  [...reservations.values()].reduce((sum, { left }) => add(sum, left), NO_TOKENS)

/** Tokens delivered, or promised to requests under way. */
export const committedTokens = (meter: Meter): TokenCounts =>
  [...meter.holds.values()].reduce(add, add(meter.delivered, sendable(meter)))

/** yoctoNEAR that so many tokens cost on this channel. */
export const costOf = ({ terms }: Pick<Meter, 'terms'>, counts: TokenCounts): bigint =>
  sharesOf(terms.prices, counts).spent

export const startMeter = ({ terms, deposited }: Opened): Meter => ({
  terms,
  deposited,
  authorised: 0n,
  delivered: NO_TOKENS,
  reservations: new Map(),
  holds: new Map(),
})

export const meterAmounts = (meter: Meter): Amounts => ({
  deposited: meter.deposited,
  authorised: meter.authorised,
  spent: costOf(meter, meter.delivered),
  settled: null,
})

/**
 * Takes the amount of a voucher whose signature was verified. The same amount again changes nothing, so that a payer
 * may repeat itself.
 * @throws DcmlError `voucher_stale`, `voucher_beyond_deposit`
 */
export function authorise(meter: Meter, authorised: bigint): Meter {
  requireFresh(meter, authorised)
  return authorised === meter.authorised ? meter : { ...meter, authorised }
}

/** What {@link authorise} refuses. */
export function requireFresh({ deposited, authorised: best }: Meter, authorised: bigint): void {
  if (authorised < best)
    throw refusal(
      'voucher_stale',
      'A better voucher was accepted before.',
      'Vouchers are cumulative: sign more than the best one.',
      {
        authorised,
        best,
      },
    )
  if (authorised > deposited)
    throw refusal(
      'voucher_beyond_deposit',
      'The voucher authorises more than is deposited.',
      'Top the channel up and prove it.',
      {
        authorised,
        deposited,
      },
    )
}

/** A proof of an older top-up changes nothing. */
export const raiseDeposit = (meter: Meter, deposited: bigint): Meter =>
  deposited > meter.deposited ? { ...meter, deposited } : meter

/**
 * What has to be authorised, and allowed, before so many tokens more can be promised; undefined where they can.
 * @param allowance of the request that they are for
 */
export function demandFor(meter: Meter, tokens: TokenCounts, allowance?: Allowance): Demand | undefined {
  if (!isCount(tokens)) throw misuse('Token counts are not negative.')
  const { deposited, authorised, terms } = meter
  const committed = costOf(meter, committedTokens(meter))
  const required = committed + costOf(meter, tokens)
  const request = allowance && requestDemand(meter, tokens, allowance)
  if (required <= authorised && (request === undefined || request.required <= request.allowed)) return undefined
  const spent = costOf(meter, meter.delivered)
  const amounts = { deposited, authorised, spent, reserved: committed - spent, required }
  return { channelId: terms.channelId, ...amounts, exhausted: required > deposited, ...(request && { request }) }
}

function requestDemand(meter: Meter, tokens: TokenCounts, { id, allowed }: Allowance): RequestDemand {
  const { delivered, left } = reservationOf(meter, id)
  const [spent, required] = [costOf(meter, delivered), costOf(meter, add(add(delivered, left), tokens))]
  return { id, spent, required, allowed }
}

const reservationOf = ({ reservations }: Meter, requestId: string): Reservation =>
  reservations.get(requestId) ?? { left: NO_TOKENS, delivered: NO_TOKENS }

/**
 * Sets tokens aside for a request, as many as are authorised: its prompt whole, and of the completion at least one
 * token where any is asked. Asked again with the same id it adds to what is left.
 * @param allowed what the request may cost in all
 */
export function reserve(
  meter: Meter,
  requestId: string,
  asked: TokenCounts,
  allowed?: bigint,
): { meter: Meter } & Granted {
  if (!isCount(asked)) throw misuse('Token counts are not negative.')
  const prompt = { ...NO_TOKENS, promptTokens: asked.promptTokens }
  const least = { ...prompt, completionTokens: asked.completionTokens > 0n ? 1n : 0n }
  const demand = demandFor(meter, least, allowanceOf(requestId, allowed))
  if (demand !== undefined) return { meter, demand }
  const before = reservationOf(meter, requestId)
  const free = meter.authorised - costOf(meter, committedTokens(meter))
  const own = allowed === undefined ? free : allowed - costOf(meter, add(before.left, before.delivered))
  const room = smaller(free, own) - costOf(meter, prompt)
  const each = costOf(meter, { ...NO_TOKENS, completionTokens: 1n })
  const affordable = each === 0n ? asked.completionTokens : room / each
  const completionTokens = affordable < asked.completionTokens ? affordable : asked.completionTokens
  const granted = { ...prompt, completionTokens }
  const next = { left: add(before.left, granted), delivered: before.delivered }
  return { meter: withReservation(meter, requestId, next), granted }
}

const allowanceOf = (id: string, allowed: bigint | undefined): Allowance | undefined =>
  allowed === undefined ? undefined : { id, allowed }

/**
 * Promises to a request what its answer may cost at most, all or nothing, so that no other request is promised the same.
 * It needs no write: until {@link charge} nothing of it was sent, and a crash frees it.
 */
export function hold(meter: Meter, requestId: string, most: TokenCounts, allowed?: bigint): { meter: Meter } & Granted {
  const before = free(meter, requestId)
  const demand = demandFor(before, most, allowanceOf(requestId, allowed))
  if (demand !== undefined) return { meter, demand }
  return { meter: { ...before, holds: new Map(before.holds).set(requestId, most) }, granted: most }
}

/** Gives back what {@link hold} promised. */
export function free(meter: Meter, requestId: string): Meter {
  if (!meter.holds.has(requestId)) return meter
  const holds = new Map(meter.holds)
  holds.delete(requestId)
  return { ...meter, holds }
}

/** Counts a whole answer in the place of its hold. One that cost more than was held may find nothing left. */
export function charge(
  meter: Meter,
  requestId: string,
  counts: TokenCounts,
  allowed?: bigint,
): { meter: Meter } & Granted {
  const before = free(meter, requestId)
  const demand = demandFor(before, counts, allowanceOf(requestId, allowed))
  if (demand !== undefined) return { meter: before, demand }
  return { meter: { ...before, delivered: add(before.delivered, counts) }, granted: counts }
}

/**
 * Counts tokens as delivered. Call it before they are sent: a crash in between charges a token that never arrived,
 * never the other way round.
 * @throws DcmlError `channel_not_reserved`: do not send
 */
export function deliver(meter: Meter, requestId: string, counts: TokenCounts): Meter {
  const reservation = meter.reservations.get(requestId)
  if (!isCount(counts) || reservation === undefined || !covers(reservation.left, counts))
    throw refusal(
      'channel_not_reserved',
      'These tokens were not reserved.',
      'Reserve, and wait where it is demanded, before delivering.',
    )
  const next = { left: subtract(reservation.left, counts), delivered: add(reservation.delivered, counts) }
  return { ...withReservation(meter, requestId, next), delivered: add(meter.delivered, counts) }
}

/** Ends a request: what it did not deliver is free again. @returns what it did deliver */
export function release(meter: Meter, requestId: string): { meter: Meter; delivered: TokenCounts } {
  const reservations = new Map(meter.reservations)
  const { delivered } = reservations.get(requestId) ?? { delivered: NO_TOKENS }
  reservations.delete(requestId)
  return { meter: { ...meter, reservations }, delivered }
}

/**
 * The meter after a crash. Of tokens reserved nobody knows which were sent, so all of them count: the payer loses at
 * most what it let be reserved at once, and an enclave that is killed over and over gives nothing away.
 */
export const recover = (meter: Meter): Meter => ({
  ...meter,
  delivered: add(meter.delivered, sendable(meter)),
  reservations: new Map(),
  holds: new Map(),
})

function withReservation(meter: Meter, requestId: string, reservation: Reservation): Meter {
  return { ...meter, reservations: new Map(meter.reservations).set(requestId, reservation) }
}

const misuse = (message: string) => refusal('channel_misuse', message, 'This is a defect of the caller.')
