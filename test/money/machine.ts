import {
  type AntiRollback,
  type ApprovalFacts,
  type Demand,
  EnclaveLedger,
  type Mark,
  type Released,
  receiptChannelId,
  type StateStore,
  type StoredState,
} from '@dcml/channels'
import type { ProvenEvent } from '@dcml/light-client'
import {
  DcmlError,
  type SignedApproval,
  type SignedReceipt,
  type SignedVoucher,
  signApproval,
  signReceipt,
  type TokenCounts,
} from '@dcml/protocol'
import { CHAIN, PERIOD_MS } from './chain.ts'
import type { Host, Snapshot } from './host.ts'
import { bytesOf } from './keys.ts'

/** Where a machine can lose its power: before a state is written, before it is marked, before it is answered. */
export type Death = 'write' | 'written' | 'marked'

/** What an enclave can be told. */
export const MESSAGES = [
  'challenge',
  'establish',
  'topUp',
  'voucher',
  'begin',
  'work',
  'drop',
  'requestClosure',
  'answerClosure',
  'forget',
] as const
export type Message = (typeof MESSAGES)[number]

/** What an enclave sends in a stream, in this order. */
export type Frame =
  | { readonly tokens: TokenCounts }
  | { readonly demand: Demand }
  | { readonly receipt: SignedReceipt; readonly delivered: TokenCounts }

/** A request under way in an enclave. */
export interface Stream {
  readonly requestId: string
  readonly channelId: bigint
  readonly prompt: number
  readonly most: number
  /** The answer leaves whole, at its end. */
  readonly isWhole: boolean
  /** Tokens reserved and not sent; what was sent. */
  left: number
  sent: { prompt: number; completion: number }
  paused: boolean
}

/** Openings older than this are not taken up, so that none is after its end. */
const MAX_EVENT_AGE_MS = PERIOD_MS / 2

/**
 * A machine with a genuine enclave on it: the ledger as it is, with what the runtime adds. Its host may cut the power,
 * offer any old state, and copy its memory: what it was told since it started is told to the copy again.
 */
export class Machine {
  readonly host: Host
  readonly streams = new Map<string, Stream>()
  readonly outbox = new Map<string, Frame[]>()
  death: Death | null = null
  isDown = true
  /** A rollback was noticed: from here on everything must be refused. */
  noticed = false
  #ledger!: EnclaveLedger
  #log: { at: number; act: (machine: Machine) => Promise<unknown> }[] = []
  #boot: { mark: Mark; states: readonly StoredState[] } = {
    mark: { counter: 0n, digest: new Uint8Array(32) },
    states: [],
  }
  /** Set while a copy is told what its original was told. */
  #replayed: number | null = null

  constructor(host: Host) {
    this.host = host
  }

  /** Starts the enclave from what the host offers. */
  async start(offered: readonly Snapshot[], isNewSession = false): Promise<void> {
    this.noticed = false
    await this.#boots(offered, isNewSession)
  }

  async #boots(offered: readonly Snapshot[], isNewSession = false): Promise<void> {
    const states = offered.map(({ state }) => state)
    this.#boot = { mark: (this.#isForgetful ? offered.at(-1)?.mark : null) ?? (await this.host.device.read()), states }
    this.#log = []
    this.streams.clear()
    try {
      await this.#open(isNewSession)
      this.isDown = false
    } catch (error) {
      const code = codeOf(error)
      if (code === 'channel_state_unsure') return
      if (code !== 'channel_state_rolled_back' && code !== 'channel_state_missing') throw error
      if (!this.noticed) await this.#notice(offered)
    }
  }

  /** A copy that learns it is not the last stops for good, unless it is one that goes on. */
  async #notice(offered: readonly Snapshot[]): Promise<void> {
    this.noticed = true
    if (this.host.flaws.has('an enclave goes on after it noticed a rollback')) await this.#boots(offered)
  }

  get #isForgetful(): boolean {
    const { flaws, world } = this.host
    const isForgetful = flaws.has('the anti-rollback device takes every state') && this.host === world.mallory
    return isForgetful || this.noticed
  }

  async #open(isNewSession: boolean): Promise<void> {
    const { host } = this
    const die = (at: Death): void => {
      if (this.death !== at || this.#replayed !== null) return
      this.death = null
      throw new Error('the power was cut')
    }
    const isForgetful = this.#isForgetful
    const antiRollback: AntiRollback = {
      read: async () => this.#boot.mark,
      advance: async (next) => {
        if (this.#replayed !== null) return
        host.mark(next)
        if (!isForgetful) await host.device.advance(next)
        die('marked')
      },
    }
    let log: StoredState | undefined
    const keep = async (state: StoredState): Promise<void> => {
      die('write')
      log = state
      if (this.#replayed !== null) return
      host.disk.push({ state, mark: null })
      die('written')
    }
    const store: StateStore = {
      read: async () => this.#boot.states,
      replace: (image) => keep({ image, changes: [] }),
      append: (change) => keep({ ...(log as StoredState), changes: [...(log as StoredState).changes, change] }),
    }
    const clock = () => this.#replayed ?? host.world.chain.now + host.skew
    this.#ledger = await EnclaveLedger.open({ identity: host.identity, isNewSession, store, antiRollback, clock })
  }

  /** A copy of the memory as it was after so many of the steps of this life; null where nothing was to be copied. */
  async copied(steps: number): Promise<Machine | null> {
    if (this.isDown || this.noticed) return null
    const copy = new Machine(this.host)
    copy.#boot = this.#boot
    copy.#replayed = 0
    await copy.#open(this.#boot.mark.counter === 0n)
    for (const { at, act } of this.#log.slice(0, steps)) {
      copy.#replayed = at
      await act(copy).catch(() => {})
    }
    copy.#replayed = null
    copy.#log = this.#log.slice(0, steps)
    copy.outbox.clear()
    copy.isDown = false
    return copy
  }

  /** Another machine on the same disk. */
  twin(): Machine {
    return new Machine(this.host)
  }

  get steps(): number {
    return this.#log.length
  }

  /** Tells the enclave something. Whatever it is told after a rollback was noticed, it must refuse. */
  async #enter<T>(message: Message, act: (machine: Machine) => Promise<T>): Promise<T> {
    if (this.isDown) throw new DcmlError('machine_down', 'The machine is off.', { hint: 'Start it.' })
    if (this.#replayed === null) this.#log.push({ at: this.host.world.chain.now + this.host.skew, act })
    try {
      const result = await act(this)
      if (this.#replayed === null) this.host.world.noteMessage(message)
      if (this.noticed && this.#replayed === null) this.host.world.servedAfterNotice = true
      return result
    } catch (error) {
      if (codeOf(error) === 'channel_state_unsure' && this.#replayed === null) await this.#unsure()
      throw error
    }
  }

  /** A process that cannot know whether it is the last stops, whether its power was cut or another copy has counted. */
  async #unsure(): Promise<void> {
    this.kill()
    const { host } = this
    if (host.flaws.has('an enclave goes on after it noticed a rollback')) await this.#notice(host.disk.slice(-1))
  }

  /** The power is cut: what is reserved may or may not have been sent. */
  kill(): void {
    if (this.isDown) return
    for (const { channelId, left } of this.streams.values()) this.host.world.noteCrash(channelId, 0, left)
    this.streams.clear()
    this.isDown = true
  }

  challenge(random: Uint8Array): Promise<void> {
    return this.#enter('challenge', async (machine) => void machine.#ledger.challenge(random))
  }

  establish(opening: ProvenEvent): Promise<void> {
    return this.#enter('establish', async (machine) => {
      const age = machine.#now() - Number(opening.block.timestamp / 1_000_000n)
      const { provider } = opening.event.data as { provider?: string }
      if (age > MAX_EVENT_AGE_MS || provider !== machine.host.account)
        throw new DcmlError('channel_not_ours', 'Not taken up.', { hint: 'Open another.' })
      await machine.#ledger.establish(opening, 0n)
    })
  }

  topUp(event: ProvenEvent): Promise<void> {
    return this.#enter('topUp', async (machine) => void (await machine.#ledger.topUp(event)))
  }

  voucher(signed: SignedVoucher): Promise<void> {
    return this.#enter('voucher', async (machine) => {
      await machine.#ledger.acceptVoucher(signed)
      for (const stream of machine.streams.values()) stream.paused = false
    })
  }

  /** Takes a request up; a second of the same name is the first one doubled. */
  begin(requestId: string, channelId: bigint, prompt: number, most: number, isWhole = false): Promise<void> {
    return this.#enter('begin', async (machine) => {
      machine.#ledger.amounts(channelId)
      if (machine.streams.has(requestId) || machine.outbox.has(requestId)) return
      const sent = { prompt: 0, completion: 0 }
      machine.streams.set(requestId, { requestId, channelId, prompt, most, isWhole, left: 0, sent, paused: false })
      machine.outbox.set(requestId, [])
    })
  }

  /** One step of a stream: a reservation of so many tokens, the next token, or the receipt. */
  work(requestId: string, step: number): Promise<void> {
    return this.#enter('work', async (machine) => {
      const stream = machine.streams.get(requestId)
      if (stream === undefined || stream.paused) return
      try {
        if (stream.isWhole) await machine.#answer(stream)
        else if (stream.sent.completion === stream.most) await machine.#finish(stream)
        else if (stream.left > 0 && stream.sent.prompt > 0) machine.#send(stream, 0, 1)
        else await machine.#reserve(stream, step)
      } catch (error) {
        if (codeOf(error) !== 'channel_state_unsure') machine.streams.delete(requestId)
        throw error
      }
    })
  }

  /** The enclave notices that nobody reads a stream any more, and ends it. */
  drop(requestId: string): Promise<void> {
    return this.#enter('drop', async (machine) => {
      const stream = machine.streams.get(requestId)
      if (stream === undefined) return
      machine.streams.delete(requestId)
      if (stream.isWhole) machine.#ledger.free(stream.channelId, requestId)
      else await machine.#finish(stream)
    })
  }

  requestClosure(channelId: bigint, opening?: ProvenEvent): Promise<SignedApproval> {
    return this.#enter('requestClosure', (machine) =>
      machine.#approve(() => machine.#ledger.requestClosure(channelId, opening)),
    )
  }

  answerClosure(closing: ProvenEvent): Promise<SignedApproval> {
    return this.#enter('answerClosure', (machine) =>
      machine.#approve(async () => {
        const id = BigInt((closing.event.data as { channel_id: string }).channel_id)
        if (machine.host.flaws.has('a channel that was never taken up is not approved'))
          return machine.#ledger.requestClosure(id)
        return machine.#ledger.answerClosure(closing)
      }),
    )
  }

  forget(end: ProvenEvent): Promise<void> {
    return this.#enter('forget', (machine) => machine.#ledger.forget(end))
  }

  async #approve(act: () => Promise<ApprovalFacts>): Promise<SignedApproval> {
    const facts = await act()
    const signed = await signApproval(CHAIN, facts, this.host.session)
    if (this.#replayed === null) this.host.world.noteApproval(signed)
    if (this.host.flaws.has('an enclave forgets a channel when it has approved it'))
      await this.#ledger.forget(forgotten(facts.channelId))
    return signed
  }

  async #reserve(stream: Stream, step: number): Promise<void> {
    const {
      host,
      host: { flaws },
    } = this
    const promptTokens = BigInt(stream.prompt - stream.sent.prompt)
    const completion = Math.min(step, stream.most - stream.sent.completion)
    const times = flaws.has('every token is counted twice') ? 2n : 1n
    const asked = { promptTokens: promptTokens * times, completionTokens: BigInt(completion) * times }
    const early = flaws.has('tokens are sent before they are written')
    if (early && this.#replayed === null) host.world.noteSent(stream, Number(promptTokens), completion)
    const reserve = () => this.#ledger.reserve(stream.channelId, stream.requestId, asked)
    const result = await this.#risking(stream, Number(promptTokens), completion, reserve)
    if ('demand' in result) {
      stream.paused = true
      this.outbox.get(stream.requestId)?.push({ demand: result.demand })
      return
    }
    stream.left += Number(result.granted.completionTokens / times)
    if (promptTokens > 0n) this.#send(stream, stream.prompt, 0)
  }

  /** Where the power is cut after the mark, what was asked for is spent though nothing of it was sent. */
  async #risking<T>(stream: Stream, prompt: number, completion: number, write: () => Promise<T>): Promise<T> {
    const isKilled = this.death === 'marked'
    try {
      return await write()
    } catch (error) {
      if (isKilled) this.host.world.noteCrash(stream.channelId, prompt, completion)
      throw error
    }
  }

  #send(stream: Stream, prompt: number, completion: number): void {
    const counts = { promptTokens: BigInt(prompt), completionTokens: BigInt(completion) }
    const times = this.host.flaws.has('every token is counted twice') ? 2n : 1n
    const counted = { promptTokens: counts.promptTokens * times, completionTokens: counts.completionTokens * times }
    this.#ledger.deliver(stream.channelId, stream.requestId, counted)
    stream.left -= completion
    stream.sent = { prompt: stream.sent.prompt + prompt, completion: stream.sent.completion + completion }
    if (this.#replayed === null) this.host.world.noteSent(stream, 0, 0)
    this.outbox.get(stream.requestId)?.push({ tokens: counts })
  }

  /** An answer that leaves whole: held, counted in one write, sent. */
  async #answer(stream: Stream): Promise<void> {
    const { channelId, requestId, prompt, most } = stream
    const counts = { promptTokens: BigInt(prompt), completionTokens: BigInt(most) }
    const held = this.#ledger.hold(channelId, requestId, counts)
    const charge = () => this.#ledger.charge(channelId, requestId, counts)
    const charged = 'demand' in held ? held : await this.#risking(stream, prompt, most, charge)
    if ('demand' in charged) {
      stream.paused = true
      this.outbox.get(requestId)?.push({ demand: charged.demand })
      return
    }
    stream.sent = { prompt, completion: most }
    if (this.#replayed === null) this.host.world.noteSent(stream, 0, 0)
    this.outbox.get(requestId)?.push({ tokens: counts })
    await this.#receipt(stream, charged)
  }

  async #finish(stream: Stream): Promise<void> {
    await this.#receipt(stream, await this.#ledger.release(stream.channelId, stream.requestId))
  }

  async #receipt({ requestId, channelId }: Stream, { delivered, spent, sequence }: Released): Promise<void> {
    this.streams.delete(requestId)
    const counts = {
      promptTokens: Number(delivered.promptTokens),
      completionTokens: Number(delivered.completionTokens) + (this.host.flaws.has('a receipt says too much') ? 1 : 0),
    }
    const about = { modelH: bytesOf('model'), imageH: bytesOf('image'), requestH: bytesOf(requestId) }
    const rest = { responseH: bytesOf('response'), channelId: receiptChannelId(channelId), time: 0n }
    const receipt = await signReceipt(CHAIN, { ...about, ...counts, ...rest, spent, sequence }, this.host.session)
    this.outbox.get(requestId)?.push({ receipt, delivered })
  }

  #now(): number {
    return this.#replayed ?? this.host.world.chain.now + this.host.skew
  }
}

export const codeOf = (error: unknown): string => (DcmlError.isInstance(error) ? error.code : `${error}`)

const forgotten = (id: bigint): ProvenEvent => ({
  event: {
    standard: 'dcml_model',
    version: '1.0.0',
    event: 'channel_closed',
    data: { channel_id: `${id}`, spent: '0', to_payer: '0' },
  },
  call: {
    signerId: 'x.test',
    relayerId: null,
    contractId: CHAIN.contract,
    methodName: 'close',
    args: new Uint8Array(),
    gas: 0n,
    deposit: 0n,
  },
  transactionHash: 't',
  receiptId: 'r',
  block: { hash: 'b', height: 1, timestamp: 0n },
})
