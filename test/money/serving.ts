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
}

/** A request under way in an enclave. */
export interface Stream extends Request {
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
    const { requestId, channelId } = request
    this.#machine.ledger.amounts(channelId)
    if (this.streams.has(requestId) || this.outbox.has(requestId)) return
    this.streams.set(requestId, { ...request, left: 0, sent: { prompt: 0, completion: 0 }, paused: false })
    this.outbox.set(requestId, [])
  }

  async work(requestId: string, step: number): Promise<void> {
    const stream = this.streams.get(requestId)
    if (stream === undefined || stream.paused) return
    try {
      if (stream.isWhole) await this.#answer(stream)
      else if (stream.sent.completion === stream.most) await this.#finish(stream)
      else if (stream.left > 0 && stream.sent.prompt > 0) this.#send(stream, 0, 1)
      else await this.#reserve(stream, step)
    } catch (error) {
      if (codeOf(error) !== 'channel_state_unsure') this.streams.delete(requestId)
      throw error
    }
  }

  async drop(requestId: string): Promise<void> {
    const stream = this.streams.get(requestId)
    if (stream === undefined) return
    this.streams.delete(requestId)
    if (stream.isWhole) this.#machine.ledger.free(stream.channelId, requestId)
    else await this.#finish(stream)
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
    const reserve = () => this.#machine.ledger.reserve(stream.channelId, stream.requestId, asked)
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
    const isKilled = this.#machine.death === 'marked'
    try {
      return await write()
    } catch (error) {
      if (isKilled) this.#machine.host.world.noteCrash(stream.channelId, prompt, completion)
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
    const { channelId, requestId, prompt, most } = stream
    const counts = { promptTokens: BigInt(prompt), completionTokens: BigInt(most) }
    const held = this.#machine.ledger.hold(channelId, requestId, counts)
    const charge = () => this.#machine.ledger.charge(channelId, requestId, counts)
    const charged = 'demand' in held ? held : await this.#risking(stream, prompt, most, charge)
    if ('demand' in charged) {
      stream.paused = true
      this.outbox.get(requestId)?.push({ demand: charged.demand })
      return
    }
    stream.sent = { prompt, completion: most }
    if (!this.#machine.isReplaying) this.#machine.host.world.noteSent(stream, 0, 0)
    this.outbox.get(requestId)?.push({ tokens: counts })
    await this.#receipt(stream, charged)
  }

  async #finish(stream: Stream): Promise<void> {
    await this.#receipt(stream, await this.#machine.ledger.release(stream.channelId, stream.requestId))
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
