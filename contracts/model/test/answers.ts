// A closure request over Proof of Response and the host's answer, as the two would travel; every part may be made wrong.
import { createHash, verify as nodeVerify } from 'node:crypto'
import {
  type Chain,
  encode,
  encodeApproval,
  encodeClosureRequest,
  fixed,
  formatApproval,
  type Prices,
  sharesOf,
  utf8,
} from '@dcml/protocol'
import {
  bytesOf,
  CLOSE_CHANNEL,
  CLOSE_CHANNEL_RESPONSE,
  CLOSE_CHANNEL_SERVICE,
  formatChannelClosing,
  type Kind,
  type PorRequest,
  type PorResponse,
  porRequest,
  porResponse,
  requestHash,
  type Signed,
} from '@dcml/protocol/por'
import type { Evidence, Host } from '../src/evidence.ts'
import { Key, type World } from './world.ts'

export const sha256 = (of: Uint8Array): Uint8Array => Uint8Array.from(createHash('sha256').update(of).digest())
const base64 = (text: string): Uint8Array => {
  const bytes = Uint8Array.from(Buffer.from(text, 'base64'))
  if (Buffer.from(bytes).toString('base64') !== text) throw new Error('not base64 in its one spelling')
  return bytes
}
const SPKI = Buffer.from('302a300506032b6570032100', 'hex')

/** The contract's host functions, in Node. */
export const host: Host = {
  sha256,
  ed25519Verify: (signature, message, publicKey) =>
    nodeVerify(null, message, { key: Buffer.concat([SPKI, publicKey]), format: 'der', type: 'spki' }, signature),
  decodeUtf8: (bytes) => new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes),
  base64ToBytes: base64,
  bytesToHex: (bytes) => Buffer.from(bytes).toString('hex'),
  hexToBytes: (hex) => Uint8Array.from(Buffer.from(hex, 'hex')),
}

/** Who closes which channel with whom. */
export interface Parties {
  readonly model: Chain
  readonly por: Chain
  readonly channelId: bigint
  readonly seed: Uint8Array
  readonly provider: string
  readonly payer: Key
  readonly requester: Key
  readonly node: Key
}

/** Bob's. */
export const NODE = new Key('bob’s node')

/** Of a channel of Alice's with Bob, as it stands in the contract. */
export const partiesOf = ({ chain, model, bob }: World, por: string, channelId: bigint): Parties => {
  const { chainId: networkId } = chain.settings
  const { seed } = model.view<{ seed: string }>('channel', { channel_id: `${channelId}` })
  return {
    model: { networkId, contract: model.accountId },
    por: { networkId, contract: por },
    channelId,
    seed: host.hexToBytes(seed),
    provider: bob.accountId,
    payer: new Key('alice'),
    requester: new Key('alice’s node'),
    node: NODE,
  }
}

/** What is otherwise than it should be. */
export interface Wrong {
  readonly asked?: Partial<Pick<Parties, 'model' | 'channelId' | 'seed' | 'payer'>>
  readonly payload?: Uint8Array
  readonly request?: Partial<PorRequest>
  readonly requestKey?: Key
  readonly response?: Partial<PorResponse>
  readonly responseKey?: Key
  readonly reply?: Uint8Array
}

/** The bytes of an object and of its signature. */
export const borsh = <T extends PorRequest | PorResponse>(of: Kind<T>, { body, signature }: Signed<T>): Uint8Array =>
  Uint8Array.from([...bytesOf(of, body), ...encode(fixed(64), signature)])

/** @param reply what the host says: text, as `formatApproval` writes it, or anything else */
export function answered(parties: Parties, reply: string, wrong: Wrong = {}): Evidence {
  const { model, por, channelId, seed, provider, payer, requester, node } = parties
  const asked = { model, channelId, seed, payer, ...wrong.asked }
  const closing = {
    domain: { tag: 'dcml/closure-request', version: 1, ...asked.model, subject: asked.payer.publicKey },
    channelId: asked.channelId,
  }
  const closure = { request: closing, signature: asked.payer.sign(encodeClosureRequest(closing)) }
  const payload = wrong.payload ?? formatChannelClosing({ seed: asked.seed, closure })
  const domain = (tag: string, { publicKey }: Key) => ({ tag, version: 1, ...por, subject: publicKey })
  const request: PorRequest = {
    domain: domain('dcml/por-request', requester),
    requestId: sha256(utf8('request')),
    requester: 'alice.test.near',
    recipient: provider,
    recipientKey: node.publicKey,
    payloadHash: sha256(payload),
    payloadLength: payload.length,
    maxResponse: CLOSE_CHANNEL_RESPONSE,
    lateRate: 10n ** 18n,
    service: CLOSE_CHANNEL_SERVICE,
    app: CLOSE_CHANNEL,
    ...wrong.request,
  }
  const said = utf8(reply)
  const response: PorResponse = {
    domain: domain('dcml/por-response', node),
    requestHash: requestHash(request),
    status: 0,
    payloadHash: sha256(said),
    payloadLength: said.length,
    ...wrong.response,
  }
  return {
    payload,
    request: borsh(porRequest, {
      body: request,
      signature: (wrong.requestKey ?? requester).sign(bytesOf(porRequest, request)),
    }),
    response: borsh(porResponse, {
      body: response,
      signature: (wrong.responseKey ?? node).sign(bytesOf(porResponse, response)),
    }),
    reply: wrong.reply ?? said,
  }
}

/** Arguments of `close_invalid_response`. */
export function evidenceArgs(parties: Parties, said: string, wrong: Wrong = {}): object {
  const { request, response, payload, reply } = answered(parties, said, wrong)
  const base64 = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64')
  return {
    channel_id: parties.channelId,
    request: base64(request),
    response: base64(response),
    payload: base64(payload),
    reply: reply && base64(reply),
  }
}

/** An enclave's approval as text; every field may be made wrong. */
export function approvalText(
  { model, channelId }: Parties,
  enclave: Key,
  challenge: Uint8Array,
  prices: Prices,
  wrong: { promptTokens?: bigint; spent?: bigint; channelId?: bigint; contract?: string; key?: Key } = {},
): string {
  const counts = { promptTokens: wrong.promptTokens ?? 3n, completionTokens: 4n }
  const approval = {
    domain: {
      tag: 'dcml/approval',
      version: 1,
      ...model,
      ...(wrong.contract !== undefined && { contract: wrong.contract }),
      subject: enclave.publicKey,
    },
    channelId: wrong.channelId ?? channelId,
    challenge,
    ...counts,
    spent: wrong.spent ?? sharesOf(prices, counts).spent,
    counter: 7n,
  }
  return formatApproval({ approval, signature: (wrong.key ?? enclave).sign(encodeApproval(approval)) })
}
