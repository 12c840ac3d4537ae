// What the runtime adds to the ledger: requests that become streams of tokens, or answers that leave whole.
import { type Demand, type Released, receiptChannelId } from '@dcml/channels'
import { type SignedReceipt, signReceipt, type TokenCounts } from '@dcml/protocol'
import { bytesOf } from './keys.ts'
import { codeOf, type Machine } from './machine.ts'
import { CHAIN } from './proofs.ts'

/** What an enclave sends in a stream, in this order. */
export type Frame =
  | { readonly tokens: TokenCounts }
  | { readonly demand: Demand }
  | { readonly receipt: SignedReceipt; readonly delivered: TokenCounts }

/** What a payer asks for. */
export interface Request {
  readonly requestId: string
  readonly channelId: bigint
  readonly prompt: number
  readonly most: number
  /** The answer leaves whole, at its end. */
  readonly isWhole: boolean
  /** yoctoNEAR that it may cost in all, where its payer says so. */
  readonly allowed?: bigint
}

/** What a payer says with a voucher of the request that it is for. */
export type Allowed = Required<Pick<Request, 'requestId' | 'allowed'>>

/** A request under way in an enclave. */
export interface Stream extends Omit<Request, 'allowed'> {
  allowed: bigint | undefined
  /** Tokens reserved and not sent; what was sent. */
  left: number
  sent: { prompt: number; completion: number }
  paused: boolean
}

export class Serving {
  readonly streams = new Map<string, Stream>()
  readonly outbox = new Map<string, Frame[]>()
  readonly #machine: Machine

  constructor(machine: Machine) {
    this.#machine = machine
  }

  begin(request: Request): void {
    const { requestId, channelId, allowed } = request
    this.#machine.ledger.amounts(channelId)
    if (this.streams.has(requestId) || this.outbox.has(requestId)) return
    this.streams.set(requestId, { ...request, allowed, left: 0, sent: { prompt: 0, completion: 0 }, paused: false })
    this.outbox.set(requestId, [])
  }

  /** A voucher came: streams that wait look again, and the one that it is for may cost more. */
  resume(channelId: bigint, told: Allowed | undefined): void {
    for (const stream of this.streams.values()) {
      stream.paused = false
      const isMeant = stream.requestId === told?.requestId && stream.channelId === channelId
      if (isMeant && stream.allowed !== undefined && told.allowed > stream.allowed) stream.allowed = told.allowed
    }
  }

  async work(requestId: string, step: number): Promise<void> {
    const stream = this.streams.get(requestId)
    if (stream === undefined || stream.paused) return
    await this.#unlessRefused(stream, () => {
      if (stream.isWhole) return this.#answer(stream)
      if (stream.sent.completion === stream.most) return this.#finish(stream)
      if (stream.left > 0 && stream.sent.prompt > 0) return this.#send(stream, 0, 1)
      return this.#reserve(stream, step)
    })
  }

  async drop(requestId: string): Promise<void> {
    const stream = this.streams.get(requestId)
    if (stream === undefined) return
    await this.#unlessRefused(stream, () => {
      if (!stream.isWhole) return this.#finish(stream)
      this.streams.delete(requestId)
      this.#machine.ledger.free(stream.channelId, requestId)
    })
  }

  /** A stream that is refused is over; where the power is cut it is not, and what is reserved for it is spent. */
  async #unlessRefused(stream: Stream, act: () => Promise<void> | void): Promise<void> {
    try {
      await act()
    } catch (error) {
      if (codeOf(error) !== 'channel_state_unsure') this.streams.delete(stream.requestId)
      throw error
    }
  }

  async #reserve(stream: Stream, step: number): Promise<void> {
    const { host } = this.#machine
    const { flaws } = host
    const promptTokens = BigInt(stream.prompt - stream.sent.prompt)
    const completion = Math.min(step, stream.most - stream.sent.completion)
    const times = flaws.has('every token is counted twice') ? 2n : 1n
    const asked = { promptTokens: promptTokens * times, completionTokens: BigInt(completion) * times }
    const early = flaws.has('tokens are sent before they are written')
    if (early && !this.#machine.isReplaying) host.world.noteSent(stream, Number(promptTokens), completion)
    const { channelId, requestId, allowed } = stream
    const reserve = () => this.#machine.ledger.reserve(channelId, requestId, asked, allowed)
    const result = await this.#unheard(reserve, () => host.world.noteCrash(channelId, Number(promptTokens), completion))
    if ('demand' in result) {
      stream.paused = true
      this.outbox.get(requestId)?.push({ demand: result.demand })
      return
    }
    stream.left += Number(result.granted.completionTokens / times)
    if (promptTokens > 0n) this.#send(stream, stream.prompt, 0)
  }

  /** Where the power is cut after the mark, what was written holds, though nobody hears of it. */
  async #unheard<T>(write: () => Promise<T>, so: () => void): Promise<T> {
    const { death } = this.#machine
    try {
      return await write()
    } catch (error) {
      if (death === 'marked' && this.#machine.death === null) so()
      throw error
    }
  }

  #send(stream: Stream, prompt: number, completion: number): void {
    const counts = { promptTokens: BigInt(prompt), completionTokens: BigInt(completion) }
    const times = this.#machine.host.flaws.has('every token is counted twice') ? 2n : 1n
    const counted = { promptTokens: counts.promptTokens * times, completionTokens: counts.completionTokens * times }
    this.#machine.ledger.deliver(stream.channelId, stream.requestId, counted)
    stream.left -= completion
    stream.sent = { prompt: stream.sent.prompt + prompt, completion: stream.sent.completion + completion }
    if (!this.#machine.isReplaying) this.#machine.host.world.noteSent(stream, 0, 0)
    this.outbox.get(stream.requestId)?.push({ tokens: counts })
  }

  /** An answer that leaves whole: held, counted in one write, sent. */
  async #answer(stream: Stream): Promise<void> {
    const { channelId, requestId, prompt, most, allowed } = stream
    const { ledger, host, isReplaying } = this.#machine
    const counts = { promptTokens: BigInt(prompt), completionTokens: BigInt(most) }
    const held = ledger.hold(channelId, requestId, counts, allowed)
    const charge = () => ledger.charge(channelId, requestId, counts, allowed)
    const isSpent = () => host.world.noteCrash(channelId, prompt, most)
    const charged = 'demand' in held ? held : await this.#unheard(charge, isSpent)
    if ('demand' in charged) {
      stream.paused = true
      this.outbox.get(requestId)?.push({ demand: charged.demand })
      return
    }
    stream.sent = { prompt, completion: most }
    if (!isReplaying) host.world.noteSent(stream, 0, 0)
    this.outbox.get(requestId)?.push({ tokens: counts })
    await this.#receipt(stream, charged)
  }

  async #finish(stream: Stream): Promise<void> {
    const release = () => this.#machine.ledger.release(stream.channelId, stream.requestId)
    const isFree = () => {
      stream.left = 0
    }
    await this.#receipt(stream, await this.#unheard(release, isFree))
  }

  async #receipt({ requestId, channelId }: Stream, { delivered, spent, sequence }: Released): Promise<void> {
    this.streams.delete(requestId)
    const counts = {
      promptTokens: Number(delivered.promptTokens),
      completionTokens:
        Number(delivered.completionTokens) + (this.#machine.host.flaws.has('a receipt says too much') ? 1 : 0),
    }
    const about = { modelH: bytesOf('model'), imageH: bytesOf('image'), requestH: bytesOf(requestId) }
    const rest = { responseH: bytesOf('response'), channelId: receiptChannelId(channelId), time: 0n }
    const receipt = await signReceipt(
      CHAIN,
      { ...about, ...counts, ...rest, spent, sequence },
      this.#machine.host.session,
    )
    this.outbox.get(requestId)?.push({ receipt, delivered })
  }
}
