// A model contract with the rules that a payer can meet, in memory, and wallets over it. It outlives every client.
import type { ContractEvent, ProvenFact } from '@dcml/channels'
import type { LightClientState } from '@dcml/light-client'
import {
  type Chain,
  DcmlError,
  equalBytes,
  formatApproval,
  fromHex,
  type Prices,
  parseApproval,
  sharesOf,
  toHex,
  utf8,
  verifyApproval,
} from '@dcml/protocol'
import { parseChannelClosing } from '@dcml/protocol/por'
import { hashOfText, MadeUpChain } from '../../../light-client/test/made-up-chain.ts'
import type { CallOptions, ChannelWallet, ResponseEvidence, SentCall } from '../../src/index.ts'

export const chain: Chain = { networkId: 'devnet', contract: 'model.test' }
export const prices: Prices = { ownerInput: 2n, ownerOutput: 5n, hostInput: 1n, hostOutput: 3n }
export const HOUR = 3_600_000
export const FEE = 7n

/** A light client's head: proofs are taken as given here, they are the light client's own matter. */
export const head: LightClientState = new MadeUpChain().produceTo(3).trust(2)

interface Channel {
  readonly id: bigint
  readonly payer: string
  readonly opening: Record<string, unknown>
  deposited: bigint
  deadline: number | null
  readonly openedAt: number
  /** What forcing the closure cost. */
  fee: bigint
}

type Call =
  | { act: 'open'; deposit: string; args: Record<string, unknown> }
  | { act: 'topUp'; id: string; amount: string }
  | { act: 'close'; approval: string }
  | { act: 'startClose' | 'finishClose'; id: string }
  | { act: 'closeDisconnected'; id: string }
  /** @param fault what the contract judges of the evidence */
  | { act: 'closeInvalidResponse'; id: string; fault: boolean }

/** What the chain made up at an opening. */
const seedOf = (id: bigint): Uint8Array => new Uint8Array(32).fill(Number(id))

const refuse = (message: string): never => {
  throw new DcmlError('near_transaction_failed', message, { hint: 'The contract’s own words are in the message.' })
}

export class FakeChain {
  readonly clock: () => number
  /** What the world has, in yoctoNEAR. */
  readonly balances = new Map<string, bigint>([
    ['alice.test', 1_000_000n],
    ['bob.test', 0n],
    ['owner.test', 0n],
  ])
  collateral = 1_000_000n
  offers: Prices = prices
  readonly channels = new Map<bigint, Channel>()
  readonly sessions = new Set<string>()
  readonly opened: bigint[] = []
  /** Since when the host is cut off from its Proof of Response network. */
  cutOffSince: number | null = null
  modelH = new Uint8Array(32).fill(9)
  imageHs: Uint8Array[] = [new Uint8Array(32).fill(8)]
  readonly #done = new Map<string, SentCall | null>()
  readonly #facts = new Map<string, ProvenFact>()
  #nonce = 0

  constructor(clock: () => number) {
    this.clock = clock
  }

  /** Everything that exists: nothing is made and nothing lost. */
  total(): bigint {
    const locked = [...this.channels.values()].reduce((sum, { deposited, fee }) => {
      return sum + 2n * deposited + fee
    }, 0n)
    return [...this.balances.values()].reduce((sum, each) => sum + each, this.collateral + locked)
  }

  /** What `verifyEvent` would say of a transaction. */
  factOf(transaction: string): ProvenFact {
    return this.#facts.get(transaction) ?? refuse('no such transaction')
  }

  wallet(account = 'alice.test'): ChannelWallet {
    const send = async (call: Call, options?: CallOptions): Promise<SentCall> => {
      const transaction = utf8(JSON.stringify({ nonce: this.#nonce++, account, ...call }))
      const hash = hashOfText(toHex(transaction))
      await options?.onSigned?.({ transaction, hash })
      const sent = this.execute(transaction)
      return typeof sent === 'string' ? refuse(sent) : sent
    }
    return {
      chain,
      account,
      terms: async () => ({
        ownerInput: this.offers.ownerInput,
        ownerOutput: this.offers.ownerOutput,
        modelH: this.modelH,
        keyEpoch: 0n,
        imageHs: this.imageHs,
        closeFee: FEE,
        challengePeriodMs: HOUR,
      }),
      provider: async (name) =>
        name === 'bob.test'
          ? {
              hostInput: this.offers.hostInput,
              hostOutput: this.offers.hostOutput,
              endpoint: 'https://bob.test',
              free: this.collateral,
            }
          : null,
      session: async (_, key) => this.sessions.has(toHex(key)),
      open: ({ deposit, maxPrices, challenge, sessionKey, payerKey, provider }, options) => {
        for (const name of Object.keys(maxPrices) as (keyof Prices)[])
          if (this.offers[name] > maxPrices[name]) refuse('the price is above what was agreed to')
        const keys = { challenge: toHex(challenge), session_key: toHex(sessionKey), payer_key: toHex(payerKey) }
        return send({ act: 'open', deposit: `${deposit}`, args: { provider, ...keys } }, options)
      },
      topUp: (id, amount, options) => send({ act: 'topUp', id: `${id}`, amount: `${amount}` }, options),
      close: async (
        { channel_id, signature, challenge, prompt_tokens, completion_tokens, spent, counter },
        options,
      ) => {
        const session = String(this.channels.get(channel_id)?.opening.session_key ?? '0'.repeat(64))
        const domain = { tag: 'dcml/approval', version: 1, ...chain, subject: fromHex(session, 32) }
        const approval = {
          domain,
          channelId: channel_id,
          challenge,
          promptTokens: prompt_tokens,
          completionTokens: completion_tokens,
          spent,
          counter,
        }
        const text = formatApproval({ approval, signature })
        if (this.channels.has(channel_id)) await this.#verify(text)
        return send({ act: 'close', approval: text }, options)
      },
      startClose: (id, options) => send({ act: 'startClose', id: `${id}` }, options),
      finishClose: (id, options) => send({ act: 'finishClose', id: `${id}` }, options),
      closeDisconnected: (id, options) => send({ act: 'closeDisconnected', id: `${id}` }, options),
      closeInvalidResponse: async (id, evidence, options) =>
        send({ act: 'closeInvalidResponse', id: `${id}`, fault: await this.#isFault(id, evidence) }, options),
      seed: async (id) => (this.channels.has(id) ? seedOf(id) : null),
      channel: async (id) => {
        const channel = this.channels.get(id)
        return channel === undefined ? null : channel.deadline === null ? 'open' : 'closing'
      },
      deadline: async (id) => {
        const deadline = this.channels.get(id)?.deadline ?? null
        return deadline === null ? null : BigInt(deadline) * 1_000_000n
      },
      recall: async (transaction) => {
        const sent = this.execute(transaction)
        return typeof sent === 'string' ? null : sent
      },
      prove: async ({ transaction }, from) => ({
        from: from.headHash,
        blocks: [],
        proof: { transaction: toHex(transaction), outcomes: [] },
      }),
    }
  }

  /** What anyone may do to a channel past its time. */
  expire(id: bigint): void {
    const channel = this.channels.get(id)!
    channel.deadline = this.clock() + HOUR
    channel.fee = 0n
  }

  /** Runs signed bytes, once however often they come. @returns the contract's words where it refuses */
  execute(transaction: Uint8Array): SentCall | string {
    const id = toHex(transaction)
    const before = this.#done.get(id)
    if (before !== undefined) return before ?? 'it failed before'
    const { account, ...call } = JSON.parse(new TextDecoder().decode(transaction)) as Call & { account: string }
    try {
      const event = this.#run(call as Call, account)
      const contractEvent: ContractEvent = {
        contractId: chain.contract,
        standard: 'dcml_model',
        version: '1.0.0',
        ...event,
      }
      const sent = { transaction, hash: hashOfText(id), events: [contractEvent] }
      this.#done.set(id, sent)
      this.#facts.set(id, {
        event: { standard: 'dcml_model', version: '1.0.0', ...event },
        call: {
          signerId: account,
          relayerId: null,
          contractId: chain.contract,
          methodName: call.act,
          gas: 1n,
          deposit: 0n,
          args: new Uint8Array(),
        },
        transactionHash: sent.hash,
        receiptId: 'receipt',
        block: { hash: 'block', height: 1, timestamp: 0n },
      } as ProvenFact)
      return sent
    } catch (error) {
      this.#done.set(id, null)
      return (error as Error).message
    }
  }

  #run(call: Call, account: string): { event: string; data: Record<string, unknown> } {
    if (call.act === 'open') {
      const deposit = BigInt(call.deposit)
      if (!this.sessions.has(String(call.args.session_key))) refuse('no enclave with this session key')
      this.#move(account, -deposit)
      this.collateral -= deposit
      const id = BigInt(this.opened.length + 1)
      const { ownerInput, ownerOutput, hostInput, hostOutput } = this.offers
      const opening = {
        ...call.args,
        channel_id: `${id}`,
        payer: account,
        deposited: `${deposit}`,
        prices: {
          owner_input: `${ownerInput}`,
          owner_output: `${ownerOutput}`,
          host_input: `${hostInput}`,
          host_output: `${hostOutput}`,
        },
        model_h: toHex(this.modelH),
        key_epoch: '0',
        expires_at: `${BigInt(this.clock() + 30 * 24 * HOUR) * 1_000_000n}`,
      }
      this.opened.push(id)
      this.channels.set(id, {
        id,
        payer: account,
        opening,
        deposited: deposit,
        deadline: null,
        openedAt: this.clock(),
        fee: 0n,
      })
      return { event: 'channel_opened', data: opening }
    }
    if (call.act === 'close') {
      const { channelId, spent, promptTokens, completionTokens } = parseApproval(call.approval).approval
      const channel = this.channels.get(channelId) ?? refuse(`there is no open channel ${channelId}`)
      if (channel.deadline !== null && this.clock() >= channel.deadline) refuse('the challenge period is over')
      if (spent > channel.deposited) refuse('overdraw')
      const { owner, host } = sharesOf(prices, { promptTokens, completionTokens })
      this.#move('owner.test', owner)
      this.#move('bob.test', host + channel.fee)
      this.#move(channel.payer, channel.deposited - spent)
      this.collateral += channel.deposited
      this.channels.delete(channelId)
      const to_payer = `${channel.deposited - spent}`
      return { event: 'channel_closed', data: { channel_id: `${channelId}`, spent: `${spent}`, to_payer } }
    }
    const id = BigInt(call.id)
    const channel = this.channels.get(id) ?? refuse(`there is no open channel ${id}`)
    if (call.act === 'topUp') {
      const amount = BigInt(call.amount)
      this.#move(account, -amount)
      this.collateral -= amount
      channel.deposited += amount
      return { event: 'channel_topped_up', data: { channel_id: call.id, deposited: `${channel.deposited}` } }
    }
    if (call.act === 'startClose') {
      if (channel.deadline !== null) refuse('the channel is closing already')
      this.#move(account, -FEE)
      channel.deadline = this.clock() + HOUR
      channel.fee = FEE
      const { provider, challenge, session_key } = channel.opening
      const deadline = `${BigInt(channel.deadline) * 1_000_000n}`
      return { event: 'close_started', data: { channel_id: call.id, provider, challenge, session_key, deadline } }
    }
    if (call.act === 'closeDisconnected' || call.act === 'closeInvalidResponse') {
      const isFault =
        call.act === 'closeDisconnected' ? this.cutOffSince !== null && this.cutOffSince > channel.openedAt : call.fault
      if (account !== channel.payer) refuse('only the payer may ask')
      if (!isFault) return { event: 'fault_denied', data: { channel_id: call.id, why: 'it is connected' } }
    } else if (channel.deadline === null || this.clock() < channel.deadline) refuse('the challenge period is not over')
    this.#move(channel.payer, channel.deposited + channel.fee)
    this.#move('owner.test', channel.deposited)
    this.channels.delete(id)
    return { event: 'channel_forfeited', data: { channel_id: call.id, to_payer: `${channel.deposited + channel.fee}` } }
  }

  async #isFault(id: bigint, { response, payload, reply }: ResponseEvidence): Promise<boolean> {
    const { seed, closure } = parseChannelClosing(payload)
    const isAbout = equalBytes(seed, seedOf(id)) && closure.request.channelId === id
    if (!isAbout || response.body.status !== 0) return isAbout
    return this.#verify(new TextDecoder().decode(reply)).then(
      () => false,
      () => true,
    )
  }

  async #verify(text: string): Promise<void> {
    const signed = parseApproval(text)
    const channel = this.channels.get(signed.approval.channelId)!
    const bytes = (name: string) => fromHex(String(channel.opening[name]), 32)
    const terms = { challenge: bytes('challenge'), sessionKey: bytes('session_key'), prices }
    await verifyApproval(signed, { chain, channelId: channel.id, ...terms }).catch((error) => refuse(error.message))
  }

  #move(account: string, amount: bigint): void {
    const next = (this.balances.get(account) ?? 0n) + amount
    if (next < 0n) refuse(`${account} does not have that much`)
    this.balances.set(account, next)
  }
}
