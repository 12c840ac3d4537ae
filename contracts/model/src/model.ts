import {
  accountId,
  base64ToBytes,
  bytesToHex,
  call,
  callback,
  decodeUtf8,
  ed25519Verify,
  flag,
  hexToBytes,
  initialize,
  NearBindgen,
  nothing,
  type Outcome,
  oneYocto,
  optional,
  randomSeed,
  type Sent,
  sha256,
  u32,
  u64,
  u128,
  type Value,
  type Values,
  view,
} from '@dcml/contract-build/contract'
import {
  ask,
  bookFailed,
  checkOwner,
  closed,
  factsOf,
  forfeited,
  here,
  isGenuine,
  JUDGED_GAS,
  offerOf,
  openingOf,
  pay,
  sentence,
  started,
} from './acts.ts'
import { NOTHING, type Payout, refuse, type Totals } from './books.ts'
import { channelOf, openChannel, topUp } from './channel.ts'
import { expire, finish, judge, judgeAnswer, settle, startClose, witnessOf } from './closing.ts'

import { emit } from './events.ts'
import { type Evidence, faultyNode, type Host } from './evidence.ts'
import { collect } from './owed.ts'
import { admit, deposit, dismiss, leave, register, sessionAt, update, withdraw } from './provider.ts'
import * as schema from './schemas.ts'
import { ACCEPTED, booksOf, caller, channels, images, owed, providers, sessions } from './tables.ts'
import { checkRules, type PricePair, type Rules } from './terms.ts'
import { channelView, providerView, tellChannel, tellProvider, terms } from './views.ts'

const host: Host = { sha256, ed25519Verify, decodeUtf8, base64ToBytes, bytesToHex, hexToBytes }
/** Where no answer, or none of that shape, came back. */
const SILENT = { denied: 'the Proof of Response contract does not say' }
const channelId = { channel_id: u64 }
const sessionKey = { session_key: schema.key }
const judging = { node_key: schema.key, seed: schema.key }
interface ChannelId {
  channel_id: bigint
}

const state = {
  owner: accountId,
  beneficiary: accountId,
  modelH: schema.key,
  keyEpoch: u32,
  prices: schema.pricePair,
  rules: schema.rules,
  nextChannel: u64,
  held: schema.totals,
}

const opening = {
  owner: accountId,
  beneficiary: accountId,
  model_h: schema.key,
  prices: schema.pricePair,
  image_hs: schema.images,
  challenge_period_ms: u64,
  expiry_ms: u64,
  close_fee: u128,
}

const channelOpening = {
  provider: accountId,
  challenge: schema.key,
  session_key: schema.key,
  payer_key: schema.key,
  max_owner_prices: schema.pricePair,
  max_provider_prices: schema.pricePair,
}

/** One model: its owner's terms, its hosts, and the channels of those who use it (paper §6). */
@NearBindgen({ state })
export class Model {
  owner = ''
  beneficiary = ''
  modelH = ''
  keyEpoch = 0
  prices: PricePair = { input: 0n, output: 0n }
  rules: Rules = { challengePeriod: 0n, expiry: 0n, closeFee: 0n }
  nextChannel = 1n
  held: Totals = NOTHING

  @initialize({ args: opening, byParent: true })
  open(args: Values<typeof opening>): void {
    this.rules = checkRules(args.challenge_period_ms, args.expiry_ms, args.close_fee)
    this.owner = args.owner
    this.beneficiary = args.beneficiary
    this.modelH = args.model_h
    this.prices = args.prices
    images.set(ACCEPTED, args.image_hs)
    emit('opened', { owner: args.owner, beneficiary: args.beneficiary, model_h: args.model_h })
  }

  /** The owner's prices for channels opened from now on. */
  @call({ args: { prices: schema.pricePair }, deposit: oneYocto })
  set_prices({ prices }: { prices: PricePair }): void {
    checkOwner(this)
    this.prices = prices
    emit('prices_set', { prices })
  }

  /** The workloads that may serve this model. */
  @call({ args: { image_hs: schema.images }, deposit: oneYocto })
  set_images({ image_hs }: { image_hs: string[] }): void {
    checkOwner(this)
    images.set(ACCEPTED, image_hs)
    emit('images_set', { image_hs })
  }

  /** The model's secret key was rotated; epochs only grow. */
  @call({ args: { key_epoch: u32 }, deposit: oneYocto })
  set_key_epoch({ key_epoch }: { key_epoch: number }): void {
    checkOwner(this)
    if (key_epoch <= this.keyEpoch) refuse(`the key epoch is ${this.keyEpoch} already`)
    this.keyEpoch = key_epoch
    emit('key_epoch_set', { key_epoch })
  }

  /** Who earns on channels opened from now on. */
  @call({ args: { beneficiary: accountId }, deposit: oneYocto })
  set_beneficiary({ beneficiary }: { beneficiary: string }): void {
    checkOwner(this)
    this.beneficiary = beneficiary
    emit('beneficiary_set', { beneficiary })
  }

  /** The caller will host the model. What is attached beyond 0.015 NEAR of storage is its collateral. */
  @call({ args: schema.offer, deposit: 'any' })
  register_provider(args: Values<typeof schema.offer>): void {
    const by = caller()
    const { free } = register(booksOf(this), by, offerOf(args))
    emit('provider_registered', { provider: by.by, ...args, free })
  }

  /** A provider's endpoint, prices and Proof of Response contract, for channels opened from now on. */
  @call({ args: schema.offer })
  update_provider(args: Values<typeof schema.offer>): void {
    const by = caller()
    update(booksOf(this), by, offerOf(args))
    emit('provider_updated', { provider: by.by, ...args })
  }

  @call({ deposit: 'any' })
  deposit_collateral(): void {
    const by = caller()
    const { free } = deposit(booksOf(this), by)
    emit('collateral_deposited', { provider: by.by, amount: by.attached, free })
  }

  /** Takes out collateral that no channel locks. */
  @call({ args: { amount: u128 }, deposit: oneYocto })
  withdraw_collateral({ amount }: { amount: bigint }): void {
    const by = caller()
    const { provider, payouts } = withdraw(booksOf(this), by, amount)
    emit('collateral_withdrawn', { provider: by.by, amount, free: provider.free })
    pay(this, payouts)
  }

  /** An enclave of the caller's signs with this key; 0.0025 NEAR of free collateral pay for its storage. */
  @call({ args: sessionKey })
  admit_session({ session_key }: { session_key: string }): void {
    const by = caller()
    admit(booksOf(this), by, session_key)
    emit('session_admitted', { provider: by.by, session_key })
  }

  /** No further channel may name this key. */
  @call({ args: sessionKey })
  dismiss_session({ session_key }: { session_key: string }): void {
    const by = caller()
    dismiss(booksOf(this), by, session_key)
    emit('session_dismissed', { provider: by.by, session_key })
  }

  /** Ends the caller's registration and returns all it paid, once no channel and no session is left. */
  @call({ deposit: oneYocto })
  leave(): void {
    const by = caller()
    const payouts = leave(booksOf(this), by)
    emit('provider_left', { provider: by.by, returned: payouts.reduce((sum, { amount }) => sum + amount, 0n) })
    pay(this, payouts)
  }

  /** Opens a channel; what is attached beyond 0.015 NEAR of storage is the deposit. Returns the channel's id. */
  @call({ args: channelOpening, returns: u64, deposit: 'any' })
  open_channel(args: Values<typeof channelOpening>): bigint {
    const id = this.nextChannel
    const opened = openChannel(
      booksOf(this),
      caller(),
      id,
      this,
      this.rules,
      {
        provider: args.provider,
        challenge: args.challenge,
        sessionKey: args.session_key,
        payerKey: args.payer_key,
        maxOwnerPrices: args.max_owner_prices,
        maxProviderPrices: args.max_provider_prices,
      },
      bytesToHex(randomSeed()),
    )
    this.nextChannel = id + 1n
    emit('channel_opened', openingOf(this, id, opened))
    return id
  }

  /**
   * Logs again what a channel is, for its host: nodes drop the block of the opening after days, and an enclave that was
   * never shown it has to approve. Anyone may call it, and nothing changes.
   */
  @call({ args: channelId })
  tell_channel({ channel_id }: ChannelId): void {
    const channel = channelOf(booksOf(this), channel_id)
    emit('channel_told', { ...openingOf(this, channel_id, channel), seed: channel.seed })
  }

  /** The payer adds what it attached to the deposit. */
  @call({ args: channelId, deposit: 'any' })
  top_up({ channel_id }: ChannelId): void {
    const by = caller()
    const { deposited } = topUp(booksOf(this), by, channel_id, bytesToHex(randomSeed()))
    emit('channel_topped_up', { channel_id, amount: by.attached, deposited })
  }

  /** Ends a channel with the enclave's approval; anyone may bring it. */
  @call({ args: schema.approval })
  close(args: Values<typeof schema.approval>): void {
    closed(this, args, settle(booksOf(this), caller(), factsOf(args), isGenuine(args)))
  }

  /** The same for a forced closure, within the challenge period. */
  @call({ args: schema.approval })
  answer_close(args: Values<typeof schema.approval>): void {
    closed(this, args, settle(booksOf(this), caller(), factsOf(args), isGenuine(args), true))
  }

  /** The payer forces the closure without an approval, attaching the closing fee. */
  @call({ args: channelId, deposit: 'any' })
  start_close({ channel_id }: ChannelId): void {
    started(channel_id, startClose(booksOf(this), caller(), channel_id, this.rules), false)
  }

  /** Anyone forces the closure of a channel that has expired, free of charge. */
  @call({ args: channelId })
  expire({ channel_id }: ChannelId): void {
    started(channel_id, expire(booksOf(this), caller(), channel_id, this.rules), true)
  }

  /** Nobody answered in time: the payer is made whole, the lock goes to the beneficiary. */
  @call({ args: channelId })
  finish_close({ channel_id }: ChannelId): void {
    forfeited(this, channel_id, finish(booksOf(this), caller(), channel_id), 'unanswered')
  }

  /** The payer closes because the host was cut off from its Proof of Response network after the opening (paper §6.2). */
  @call({ args: channelId, returns: flag })
  close_disconnected({ channel_id }: ChannelId): Sent {
    const witness = witnessOf(booksOf(this), caller(), channel_id)
    const answer = ask(channel_id, 'disconnected', witness, 'disconnected_since')
    return answer.then(this.judged, { channel_id }, { gas: JUDGED_GAS })
  }

  /**
   * The payer closes because the host answered its closure request over Proof of Response with anything but the approval
   * (paper §6.2, §9). The contract judges the evidence itself, and asks only for the host's node key.
   */
  @call({ args: { ...channelId, ...schema.evidence }, returns: flag })
  close_invalid_response({ channel_id, ...evidence }: ChannelId & Evidence): Sent {
    const witness = witnessOf(booksOf(this), caller(), channel_id)
    const node_key = faultyNode(host, { id: channel_id, here: here(), ...witness }, evidence)
    const answer = ask(channel_id, 'invalid_response', witness, 'node_key')
    return answer.then(this.judged_answer, { channel_id, node_key, seed: witness.channel.seed }, { gas: JUDGED_GAS })
  }

  @callback({ results: [optional(u64)], args: channelId, returns: flag })
  judged({ channel_id }: ChannelId, said: Outcome<bigint | null>): boolean {
    const verdict = said.ok ? judge(booksOf(this), channel_id, said.value) : SILENT
    return sentence(this, channel_id, 'disconnected', verdict)
  }

  @callback({ results: [optional(schema.key)], args: { ...channelId, ...judging }, returns: flag })
  judged_answer(
    { channel_id, node_key, seed }: ChannelId & Values<typeof judging>,
    said: Outcome<string | null>,
  ): boolean {
    const verdict = said.ok ? judgeAnswer(booksOf(this), channel_id, { seed, node: node_key }, said.value) : SILENT
    return sentence(this, channel_id, 'invalid_response', verdict)
  }

  /** Sends again what a transfer once failed to deliver. */
  @call({ args: { account: accountId } })
  collect_owed({ account }: { account: string }): void {
    const payout = collect(booksOf(this), account)
    emit('owed_sent', { ...payout })
    pay(this, [payout])
  }

  /** What became of one, two or three transfers of a call. Each outcome counts for itself. */
  @callback({ results: [nothing], args: schema.payouts })
  paid({ payouts }: { payouts: Payout[] }, ...sent: Outcome<undefined>[]): void {
    bookFailed(this, payouts, sent)
  }

  @callback({ results: [nothing, nothing], args: schema.payouts })
  paid_two({ payouts }: { payouts: Payout[] }, ...sent: Outcome<undefined>[]): void {
    bookFailed(this, payouts, sent)
  }

  @callback({ results: [nothing, nothing, nothing], args: schema.payouts })
  paid_three({ payouts }: { payouts: Payout[] }, ...sent: Outcome<undefined>[]): void {
    bookFailed(this, payouts, sent)
  }

  @view({ returns: terms })
  terms(): Value<typeof terms> {
    return {
      owner: this.owner,
      beneficiary: this.beneficiary,
      model_h: this.modelH,
      key_epoch: this.keyEpoch,
      image_hs: images.get(ACCEPTED) ?? [],
      prices: this.prices,
      challenge_period: this.rules.challengePeriod,
      expiry: this.rules.expiry,
      close_fee: this.rules.closeFee,
      next_channel: this.nextChannel,
    }
  }

  @view({ args: { account: accountId }, returns: optional(providerView) })
  provider({ account }: { account: string }): Value<typeof providerView> | null {
    const found = providers.get(account)
    return found && tellProvider(found)
  }

  /** Whether channels may name this session key. */
  @view({ args: { account: accountId, ...sessionKey }, returns: flag })
  session({ account, session_key }: { account: string; session_key: string }): boolean {
    return sessions.has(sessionAt(account, session_key))
  }

  @view({ args: channelId, returns: optional(channelView) })
  channel({ channel_id }: ChannelId): Value<typeof channelView> | null {
    const found = channels.get(`${channel_id}`)
    return found && tellChannel(found)
  }

  @view({ args: { account: accountId }, returns: u128 })
  owed_of({ account }: { account: string }): bigint {
    return owed.get(account) ?? 0n
  }

  /** What the contract holds for others, by kind, in yoctoNEAR. */
  @view({ returns: schema.totals })
  totals(): Totals {
    return this.held
  }
}
