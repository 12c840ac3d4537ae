// Questions about payment to the verified enclave.
import type { Attested, EvidenceJson } from '@dcml/attestation'
import {
  type BlockBundle,
  type Bundle,
  type ChallengeAnswer,
  type ChannelAmounts,
  formatWire,
  MAX_BUNDLE_BLOCKS,
  PAYMENT_CALLS,
  readWire,
  type VoucherMessage,
  wire,
} from '@dcml/channels'
import { blockHash, type LightClientState, parseLightClientBlock, parseTrustRoot } from '@dcml/light-client'
import { DcmlError, utf8 } from '@dcml/protocol'
import type { GenericSchema, InferOutput } from 'valibot'
import type { IncomingResponse, OutgoingRequest, Session } from '../transport.ts'
import { readHostError, readJson } from './host-answer.ts'

/** Sends one request over a verified connection. */
export type Send = (request: OutgoingRequest) => Promise<IncomingResponse>

/** Longest wait for a whole answer: one that comes in drops must not keep a channel from being closed without it. */
const ANSWER_MS = 120_000

/** An answer and whose it is. */
interface Answered<T> {
  readonly answer: T
  readonly session: Session
}

/**
 * Every method throws DcmlError: those of the transport, `wire_invalid` for an answer that cannot be read, and what the
 * enclave refuses with, by its own code.
 */
export class Desk {
  readonly #send: Send

  constructor(send: Send) {
    this.#send = send
  }

  /** `get_challenge`, with the evidence of the connection that it came over. */
  async challenge(): Promise<Answered<ChallengeAnswer> & { attested: Attested; evidence: EvidenceJson }> {
    const { answer, session } = await this.#ask(wire.challenge, PAYMENT_CALLS.getChallenge, '{}')
    return { answer, session, ...session }
  }

  /** Where the enclave's light client stands. */
  async lightClient(): Promise<{ state: LightClientState; text: string }> {
    const { answer } = await this.#ask(wire.lightClient, PAYMENT_CALLS.lightClient)
    return { state: parseTrustRoot(answer.state), text: answer.state }
  }

  /** Takes it over blocks without a proof. @returns where it stands afterwards */
  async follow(leg: BlockBundle): Promise<{ state: LightClientState }> {
    const { answer } = await this.#ask(wire.lightClient, PAYMENT_CALLS.lightClient, formatWire(leg))
    return { state: parseTrustRoot(answer.state) }
  }

  /** Shows a deposit to the enclave. */
  async prove(act: 'open' | 'top-up', bundle: Bundle): Promise<ChannelAmounts> {
    const call = act === 'open' ? PAYMENT_CALLS.establish : PAYMENT_CALLS.topUp
    return (await this.#ask(wire.amounts, call, formatWire(await this.#nearer(bundle)))).answer
  }

  /** Takes the enclave's light client over the first blocks, where there are too many for one bundle. */
  async #nearer({ from, blocks, proof }: Bundle): Promise<Bundle> {
    if (blocks.length <= MAX_BUNDLE_BLOCKS) return { from, blocks, proof }
    const first = blocks.slice(0, MAX_BUNDLE_BLOCKS)
    await this.#ask(wire.lightClient, PAYMENT_CALLS.lightClient, formatWire({ from, blocks: first }))
    const next = blockHash(parseLightClientBlock(first.at(-1)))
    return this.#nearer({ from: next, blocks: blocks.slice(MAX_BUNDLE_BLOCKS), proof })
  }

  async acceptVoucher(message: VoucherMessage): Promise<ChannelAmounts> {
    return (await this.#ask(wire.amounts, PAYMENT_CALLS.acceptVoucher, formatWire(message))).answer
  }

  /** `request_channel_closure`: text for `parseApproval`. */
  async requestClosure(request: string, opening?: Bundle): Promise<string> {
    const question = formatWire({ request, ...(opening && { opening: await this.#nearer(opening) }) })
    return (await this.#ask(wire.approval, PAYMENT_CALLS.requestClosure, question)).answer.approval
  }

  async #ask<S extends GenericSchema>(schema: S, target: string, text?: string): Promise<Answered<InferOutput<S>>> {
    const stop = new AbortController()
    const timer = setTimeout(() => stop.abort(late()), ANSWER_MS)
    try {
      const response = await this.#send({
        method: text === undefined ? 'GET' : 'POST',
        target,
        headers: new Headers(text === undefined ? {} : { 'content-type': 'application/json' }),
        body: utf8(text ?? ''),
        signal: stop.signal,
      })
      const json = await readJson(response)
      if (response.status !== 200) throw readHostError(json) ?? unknownRefusal(response.status)
      return { answer: readWire(schema, json), session: response.session }
    } finally {
      clearTimeout(timer)
    }
  }
}

const late = (): DcmlError =>
  new DcmlError('response_timeout', `The enclave did not answer within ${ANSWER_MS} ms.`, {
    hint: 'Its host knows more: ask there.',
    retryable: true,
  })

const unknownRefusal = (status: number): DcmlError =>
  new DcmlError('host_error', `The enclave refused with status ${status} and gave no reason.`, {
    hint: 'Its host knows more: ask there.',
    details: { status },
  })

/** Of an enclave that nobody can ask from here. */
export const unreachableDesk = (): Desk => new Desk(() => Promise.reject(elsewhere()))

const elsewhere = (): DcmlError =>
  new DcmlError('payment_enclave_elsewhere', 'The enclave of this channel cannot be reached from here.', {
    hint: 'Do this on the machine that reaches it, and carry the channel between them.',
  })
