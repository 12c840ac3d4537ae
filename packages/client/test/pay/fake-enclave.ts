// An enclave that sells a fixed answer, over the real ledger, reached without a network. It lies where it is told to.
import { createHash } from 'node:crypto'
import { EventEmitter } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Attested } from '@dcml/attestation'
import {
  ALLOWANCE_HEADER,
  type ApprovalFacts,
  type ChallengeAnswer,
  type ChannelAmounts,
  type Demand,
  demandComment,
  demandDetails,
  EnclaveLedger,
  formatWire,
  PAYMENT_CALLS,
  type ProvenFact,
  receiptChannelId,
  VOUCHER_HEADER,
} from '@dcml/channels'
import { memoryAntiRollback, memoryStateStore } from '@dcml/channels/testing'
import { formatTrustRoot } from '@dcml/light-client'
import {
  attachDcml,
  DcmlError,
  formatApproval,
  formatReceipt,
  parseClosureRequest,
  parseVoucher,
  type Receipt,
  ResponseHash,
  type Signer,
  signApproval,
  signReceipt,
  toHex,
  utf8,
} from '@dcml/protocol'
import { createChannelKey, readChannelKey } from '../../src/pay/key.ts'
import type { IncomingResponse, OutgoingRequest, Transport } from '../../src/transport.ts'
import { chain, type FakeChain, head } from './fake-chain.ts'

/** Lies, each where the truth would be told. */
export interface Mischief {
  challenge?: (answer: ChallengeAnswer) => ChallengeAnswer
  receipt?: (fields: Omit<Receipt, 'domain'>) => Omit<Receipt, 'domain'>
  demand?: (demand: Demand) => Demand
  acknowledged?: (amounts: ChannelAmounts) => ChannelAmounts
  approval?: (facts: ApprovalFacts) => ApprovalFacts
  /** Vouchers inside of a stream change nothing. */
  swallows?: boolean
  /** Answers nothing about closing. */
  silent?: boolean
  manifest?: Partial<Attested['manifest']>
  /** Completion tokens that the answer shows. */
  usage?: number
}

const PROMPT = 3n
const STEP = 4n
const FIRST = { promptTokens: PROMPT, completionTokens: STEP }
const MORE = { promptTokens: 0n, completionTokens: STEP }
/** An answer of 20 tokens. */
export const WORDS: readonly string[] = Array.from({ length: 20 }, (_, i) => ` word${i}`)

export class FakeEnclave {
  readonly session: Signer
  mischief: Mischief = {}
  /** Targets that were called. */
  readonly calls: string[] = []
  /** Vouchers that came, in order. */
  readonly vouchers: bigint[] = []
  /** How long a stream waits for a voucher. */
  patienceMs = 4_000
  onVoucher: ((authorised: bigint) => void) | undefined
  readonly #chain: FakeChain
  readonly #ledger: EnclaveLedger
  readonly #changes = new EventEmitter({ captureRejections: false }).setMaxListeners(0)
  readonly #allowed = new Map<string, bigint>()
  #requests = 0

  private constructor(chain: FakeChain, session: Signer, ledger: EnclaveLedger) {
    this.#chain = chain
    this.session = session
    this.#ledger = ledger
  }

  static async start(world: FakeChain): Promise<FakeEnclave> {
    const session = await readChannelKey(await createChannelKey())
    const ledger = await EnclaveLedger.open({
      identity: { chain, sessionKey: session.publicKey, modelH: world.modelH, host: 'bob.test' },
      isNewSession: true,
      store: memoryStateStore(),
      antiRollback: memoryAntiRollback(),
      clock: world.clock,
    })
    world.sessions.add(toHex(session.publicKey))
    return new FakeEnclave(world, session, ledger)
  }

  /** A connection that was verified. */
  transport(): Transport {
    return { send: (request) => this.#send(request), close() {} }
  }

  get attested(): Attested {
    const { modelH, imageHs } = this.#chain
    const manifest = {
      network: chain,
      trustRoot: formatTrustRoot(head),
      models: [toHex(modelH)],
      ...this.mischief.manifest,
    }
    return { claims: { sessionKey: this.session.publicKey, imageH: imageHs[0], modelH }, manifest } as Attested
  }

  spent(channelId: bigint): bigint {
    return this.#ledger.amounts(channelId).spent
  }

  async #send(request: OutgoingRequest): Promise<IncomingResponse> {
    this.calls.push(request.target)
    const session = { attested: this.attested, evidence: {} as never }
    const answer = (status: number, type: string, body: ReadableStream<Uint8Array>): IncomingResponse => ({
      status,
      statusText: '',
      headers: new Headers({ 'content-type': type }),
      body,
      session,
    })
    try {
      if (!request.target.startsWith('/dcml/v1/')) {
        const { stream = false } = JSON.parse(new TextDecoder().decode(request.body))
        if (stream) return answer(200, 'text/event-stream', ReadableStream.from(await this.#stream(request)))
        return answer(200, 'application/json', new Response(await this.#whole(request)).body!)
      }
      return answer(200, 'application/json', new Response(await this.#control(request)).body!)
    } catch (error) {
      if (!DcmlError.isInstance(error)) throw error
      const { code, message, hint, details } = error
      const status = code === 'payment_required' ? 402 : code === 'voucher_stale' ? 409 : 400
      const body = JSON.stringify({ error: { code, message, hint, details } })
      return answer(status, 'application/json', new Response(body).body!)
    }
  }

  async #control({ target, body }: OutgoingRequest): Promise<string> {
    const json = JSON.parse(new TextDecoder().decode(body) || '{}')
    const { mischief } = this
    if (target === PAYMENT_CALLS.lightClient) return JSON.stringify({ state: formatTrustRoot(head) })
    if (target === PAYMENT_CALLS.getChallenge) {
      const challenge = crypto.getRandomValues(new Uint8Array(32))
      const validUntil = this.#ledger.challenge(challenge)
      const { modelH } = this.#chain
      const truth = { challenge, sessionKey: this.session.publicKey, validUntil, ...chain, modelH, keyEpoch: 0n }
      return formatWire(mischief.challenge?.(truth) ?? truth)
    }
    const fact = (): ProvenFact => this.#chain.factOf(json.proof.transaction)
    const idOf = ({ event }: ProvenFact): bigint => BigInt((event.data as { channel_id: string }).channel_id)
    if (target === PAYMENT_CALLS.establish) return this.#amounts(idOf(fact()), await this.#ledger.establish(fact(), 0n))
    if (target === PAYMENT_CALLS.topUp) return this.#amounts(idOf(fact()), await this.#ledger.topUp(fact()))
    if (target === PAYMENT_CALLS.acceptVoucher) return this.#accept(json)
    if (mischief.silent) throw new DcmlError('host_error', 'Not today.', { hint: 'None.' })
    const { channelId } = parseClosureRequest(json.request).request
    const opening = json.opening && this.#chain.factOf(json.opening.proof.transaction)
    const facts = await this.#ledger.requestClosure(channelId, opening)
    this.#changes.emit('change')
    const signed = await signApproval(chain, mischief.approval?.(facts) ?? facts, this.session)
    return JSON.stringify({ approval: formatApproval(signed) })
  }

  async #accept({ voucher, requestId, allowed }: { voucher: string; requestId?: string; allowed?: string }) {
    const signed = parseVoucher(voucher)
    const { channelId, authorised } = signed.voucher
    this.#note(authorised)
    if (this.mischief.swallows) return this.#amounts(channelId, this.#ledger.amounts(channelId))
    const raised = requestId !== undefined && BigInt(allowed!) > (this.#allowed.get(requestId) ?? 0n)
    if (raised) this.#allowed.set(requestId, BigInt(allowed!))
    const before = this.#ledger.amounts(channelId)
    const amounts = await this.#ledger.acceptVoucher(signed).finally(() => {
      if (raised || this.#ledger.amounts(channelId).authorised > before.authorised) this.#changes.emit('change')
    })
    return this.#amounts(channelId, amounts)
  }

  #amounts(channelId: bigint, { deposited, authorised, spent }: Omit<ChannelAmounts, 'channelId'>): string {
    const truth = { channelId, deposited, authorised, spent }
    return formatWire(this.mischief.acknowledged?.(truth) ?? truth)
  }

  async #admit({ headers }: OutgoingRequest): Promise<{ channelId: bigint; id: string }> {
    const text = headers.get(VOUCHER_HEADER)
    if (text === null) throw this.#required()
    const signed = parseVoucher(text)
    this.#note(signed.voucher.authorised)
    await this.#ledger.acceptVoucher(signed)
    this.#changes.emit('change')
    const id = `${++this.#requests}`
    this.#allowed.set(id, BigInt(headers.get(ALLOWANCE_HEADER)!))
    return { channelId: signed.voucher.channelId, id }
  }

  #note(authorised: bigint): void {
    this.vouchers.push(authorised)
    this.onVoucher?.(authorised)
  }

  async #whole(request: OutgoingRequest): Promise<string> {
    const { channelId, id } = await this.#admit(request)
    const all = { promptTokens: PROMPT, completionTokens: BigInt(WORDS.length) }
    const held = this.#ledger.hold(channelId, id, all, this.#allowed.get(id))
    if ('demand' in held) throw this.#required(held.demand)
    const released = await this.#ledger.charge(channelId, id, all)
    if ('demand' in released) throw this.#required(released.demand)
    const payload = JSON.stringify({
      choices: [{ index: 0, message: { role: 'assistant', content: WORDS.join('') }, finish_reason: 'stop' }],
      usage: { prompt_tokens: Number(PROMPT), completion_tokens: WORDS.length },
    })
    const hash = new ResponseHash()
    hash.add(payload)
    return this.#attach(request, payload, hash.digest(), channelId, released)
  }

  async #stream(request: OutgoingRequest): Promise<AsyncGenerator<Uint8Array>> {
    const { channelId, id } = await this.#admit(request)
    const first = await this.#ledger.reserve(channelId, id, FIRST, this.#allowed.get(id))
    if ('demand' in first) throw this.#required(first.demand)
    return this.#tokens(request, channelId, id, first.granted.completionTokens)
  }

  async *#tokens(request: OutgoingRequest, channelId: bigint, id: string, granted: bigint) {
    const ledger = this.#ledger
    const hash = new ResponseHash()
    const payloadOf = (delta: object, more: object = {}) => JSON.stringify({ choices: [{ index: 0, delta }], ...more })
    let left = granted
    let promptTokens = PROMPT
    let released = false
    try {
      yield utf8(': ready\n\n')
      for (const word of WORDS) {
        while (left === 0n) {
          const changed = new Promise((resolve) => this.#changes.once('change', resolve))
          const more = await ledger.reserve(channelId, id, MORE, this.#allowed.get(id))
          if ('granted' in more) left = more.granted.completionTokens
          else {
            yield utf8(demandComment(this.mischief.demand?.(more.demand) ?? more.demand))
            const late = await Promise.race([changed.then(() => false), sleep(this.patienceMs, true)])
            if (!late) continue
            yield utf8(`data: ${JSON.stringify({ error: { code: 'payment_required', message: 'Too late.' } })}\n\n`)
            return
          }
        }
        ledger.deliver(channelId, id, { promptTokens, completionTokens: 1n })
        promptTokens = 0n
        left -= 1n
        const payload = payloadOf({ content: word })
        hash.add(payload)
        yield utf8(`data: ${payload}\n\n`)
      }
      const usage = { prompt_tokens: Number(PROMPT), completion_tokens: this.mischief.usage ?? WORDS.length }
      const last = JSON.stringify({ choices: [], usage })
      hash.add(last)
      released = true
      const end = await ledger.release(channelId, id)
      this.#changes.emit('change')
      yield utf8(`data: ${await this.#attach(request, last, hash.digest(), channelId, end)}\n\ndata: [DONE]\n\n`)
    } finally {
      if (!released) await ledger.release(channelId, id).catch(() => {})
    }
  }

  async #attach(
    { body }: OutgoingRequest,
    payload: string,
    responseH: Uint8Array,
    channelId: bigint,
    { spent, sequence }: { spent: bigint; sequence: bigint },
  ): Promise<string> {
    const { modelH, imageHs, clock } = this.#chain
    const truth = {
      modelH,
      imageH: imageHs[0]!,
      requestH: Uint8Array.from(createHash('sha256').update(body).digest()),
      responseH,
      promptTokens: Number(PROMPT),
      completionTokens: WORDS.length,
      channelId: receiptChannelId(channelId),
      spent,
      sequence,
      time: BigInt(clock()),
    }
    const signed = await signReceipt(chain, this.mischief.receipt?.(truth) ?? truth, this.session)
    return attachDcml(payload, { v: 1, modelH: toHex(modelH), receipt: formatReceipt(signed) })
  }

  #required(demand?: Demand): DcmlError {
    const shown = demand && (this.mischief.demand?.(demand) ?? demand)
    return new DcmlError('payment_required', 'Pay first.', {
      hint: 'Sign a voucher.',
      ...(shown && { details: demandDetails(shown) }),
    })
  }
}
