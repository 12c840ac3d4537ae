import type { Prices } from '@dcml/protocol'
import { type Books, type Caller, type Payout, refuse, shift } from './books.ts'
import { CHANNEL_STORAGE, type Channel, channelOf } from './channel.ts'
import { forfeit, unlock } from './provider.ts'
import type { Rules } from './terms.ts'

/** The enclave's approval, but for the fields the contract knows itself. */
export interface ApprovalFacts {
  readonly channelId: bigint
  /** Lower-case hex. */
  readonly challenge: string
  readonly promptTokens: bigint
  readonly completionTokens: bigint
  readonly spent: bigint
  readonly counter: bigint
}

/** How a channel ended: who got what, in yoctoNEAR. */
export interface Settlement {
  readonly channel: Channel
  readonly toOwner: bigint
  readonly toProvider: bigint
  readonly toPayer: bigint
  readonly payouts: readonly Payout[]
}

/** Why a channel stays. */
export interface Denied {
  readonly denied: string
}

const ENDED: Denied = { denied: 'the channel has ended meanwhile' }

/** What so many tokens cost, by who earns it; `sharesOf` of @dcml/protocol is its oracle. */
export function split(
  prices: Prices,
  { promptTokens, completionTokens }: Pick<ApprovalFacts, 'promptTokens' | 'completionTokens'>,
): { owner: bigint; host: bigint } {
  return {
    owner: promptTokens * prices.ownerInput + completionTokens * prices.ownerOutput,
    host: promptTokens * prices.hostInput + completionTokens * prices.hostOutput,
  }
}

/** The payer forces the closure: from now on the host has the challenge period to bring the enclave's approval. */
export function startClose(books: Books, { by, attached, now }: Caller, id: bigint, rules: Rules): Channel {
  const channel = channelOf(books, id)
  if (by !== channel.payer) refuse('only the payer may force the closure')
  if (channel.closing) refuse('the channel is closing already')
  if (attached !== rules.closeFee) refuse(`attach exactly the closing fee, ${rules.closeFee} yoctoNEAR`)
  return start(books, id, channel, now + rules.challengePeriod, attached)
}

/** The same, free of charge and by anyone, for a channel nobody closed in time. */
export function expire(books: Books, { now }: Caller, id: bigint, rules: Rules): Channel {
  const channel = channelOf(books, id)
  if (channel.closing) refuse('the channel is closing already')
  if (now < channel.expiresAt) refuse('the channel has not expired')
  return start(books, id, channel, now + rules.challengePeriod, 0n)
}

function start(books: Books, id: bigint, channel: Channel, deadline: bigint, fee: bigint): Channel {
  const closing = { ...channel, closing: { deadline, fee } }
  shift(books, { fees: fee })
  books.channels.set(`${id}`, closing)
  return closing
}

/**
 * Ends the channel on what the enclave says was spent. The provider gets the fee of a forced closure, for its answer.
 * @param isGenuine whether the session key of this channel signed these facts
 * @param onlyForced refuses a channel whose closure nobody forces
 */
export function settle(
  books: Books,
  { now }: Caller,
  facts: ApprovalFacts,
  isGenuine: (channel: Channel) => boolean,
  onlyForced = false,
): Settlement {
  const channel = channelOf(books, facts.channelId)
  const { deposited, closing } = channel
  if (onlyForced && !closing) refuse('nobody forces this closure: use close')
  if (closing && now >= closing.deadline) refuse('the challenge period is over')
  if (facts.challenge !== channel.challenge) refuse('the approval is for another challenge')
  const { owner, host } = split(channel.prices, facts)
  if (owner + host !== facts.spent) refuse('the tokens do not cost what was spent')
  // the one line between a channel and everybody else's money
  if (facts.spent > deposited) refuse(`${facts.spent} were spent of a deposit of ${deposited}`)
  if (!isGenuine(channel)) refuse('the signature is not the session key’s')
  unlock(books, channel.provider, deposited)
  return end(books, facts.channelId, channel, owner, host + (closing?.fee ?? 0n), deposited - facts.spent)
}

/** Nobody answered: the payer is made whole, and the lock pays the owner for whatever was used (paper §6). */
export function finish(books: Books, { now }: Caller, id: bigint): Settlement {
  const channel = channelOf(books, id)
  if (!channel.closing) refuse('nobody forces this closure')
  if (now < channel.closing.deadline) refuse('the challenge period is not over')
  return unanswered(books, id, channel)
}

/** A channel whose host a Proof of Response contract may speak against. */
export interface Witness {
  readonly channel: Channel
  readonly por: string
  readonly provider: string
}

/** The Proof of Response contract to ask about this channel's host. @throws Error unless the payer asks and there is one */
export function witnessOf(books: Books, { by }: Caller, id: bigint): Witness {
  const channel = channelOf(books, id)
  const { payer, provider, por } = channel
  if (by !== payer) refuse('only the payer may close for a fault')
  if (por === null) refuse(`${provider} had no Proof of Response contract when the channel opened`)
  return { channel, por, provider }
}

/**
 * Ends the channel as if unanswered, if the host was cut off after the opening and the last top-up; says why not, and
 * changes nothing, else.
 */
export function judge(books: Books, id: bigint, cutOffAt: bigint | null): Settlement | Denied {
  const channel = books.channels.get(`${id}`)
  if (!channel) return ENDED
  if (cutOffAt === null) return { denied: `${channel.provider} is connected` }
  if (cutOffAt <= channel.openedAt) return { denied: `${channel.provider} was cut off before the opening already` }
  // who knows of the fault could have all that the host has left
  if (cutOffAt <= channel.raisedAt) return { denied: `${channel.provider} was cut off before the last top-up already` }
  return unanswered(books, id, channel)
}

/** An answer that is a fault: of which node key, and of the channel as it stood. */
export interface Signature {
  readonly seed: string
  readonly node: string
}

/** The same if the node key under which the answer was signed is the one that the host has registered. */
export function judgeAnswer(
  books: Books,
  id: bigint,
  { seed, node }: Signature,
  registered: string | null,
): Settlement | Denied {
  const channel = books.channels.get(`${id}`)
  if (!channel) return ENDED
  if (channel.seed !== seed) return { denied: 'the deposit was raised meanwhile' }
  if (registered === null) return { denied: `${channel.provider} is no node` }
  if (registered !== node) return { denied: `the answer is not signed by the node of ${channel.provider}` }
  return unanswered(books, id, channel)
}

function unanswered(books: Books, id: bigint, channel: Channel): Settlement {
  const { deposited, provider, closing } = channel
  forfeit(books, provider, deposited)
  return end(books, id, channel, deposited, 0n, deposited + (closing?.fee ?? 0n))
}

/** Takes the channel off the books. The payer's part comes with the storage. */
function end(
  books: Books,
  id: bigint,
  channel: Channel,
  toOwner: bigint,
  toProvider: bigint,
  rest: bigint,
): Settlement {
  const { payer, provider, beneficiary, deposited, closing } = channel
  shift(books, { deposited: -deposited, fees: -(closing?.fee ?? 0n), storage: -CHANNEL_STORAGE })
  books.channels.remove(`${id}`)
  const toPayer = rest + CHANNEL_STORAGE
  const all = [
    { account: payer, amount: toPayer },
    { account: beneficiary, amount: toOwner },
    { account: provider, amount: toProvider },
  ]
  return { channel, toOwner, toProvider, toPayer, payouts: all.filter(({ amount }) => amount > 0n) }
}
