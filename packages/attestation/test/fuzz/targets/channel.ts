import { Duplex } from 'node:stream'
import { concatBytes, toBase64url, utf8 } from '@dcml/protocol'
import { x25519 } from '@noble/curves/ed25519.js'
import { formatAttestRequest, parseAttestAnswer, parseAttestRequest } from '../../../src/channel/wire.ts'
import { MAX_EVIDENCE_BYTES } from '../../../src/evidence/evidence.ts'
import { ChannelSessions } from '../../../src/hpke-channel/enclave.ts'
import { exchanges } from '../../../src/hpke-channel/exchange.ts'
import { formatHead, parseAnswerHead, parseRequestHead } from '../../../src/hpke-channel/head.ts'
import { makeKeyPair } from '../../../src/hpke-channel/keys.ts'
import { MAX_RECORD_BYTES, RecordSplitter } from '../../../src/hpke-channel/record.ts'
import {
  formatChannelRequest,
  MAX_CHANNEL_ANSWER_BYTES,
  MAX_CHANNEL_REQUEST_BYTES,
  parseChannelAnswer,
  parseChannelRequest,
} from '../../../src/hpke-channel/wire.ts'
import { requestOnce } from '../../../src/node/answer.ts'
import { MAX_SEALED_QUESTION, openQuestion, sealQuestion } from '../../../src/sealed/sealed.ts'
import type { Target } from '../target.ts'
import { evidenceJson, jsonOf, nonce, parsed, plainClaims, textOf } from './world.ts'

const bytes = (length: number, fill = 9): Uint8Array => new Uint8Array(length).fill(fill)
const evidence = JSON.parse(textOf(evidenceJson[0]!)) as object
const CUT = ['channel_truncated', 'channel_tampered', 'channel_version_unknown']

const enclave = await makeKeyPair()
const browser = await makeKeyPair()
/** The same session in another life, in which no request was taken yet. */
function session(): { sessions: ChannelSessions; id: Uint8Array } {
  const sessions = new ChannelSessions({ clock: () => 0 })
  const { getRandomValues } = crypto
  crypto.getRandomValues = (array) => {
    if (array instanceof Uint8Array) array.fill(9)
    return array
  }
  const id = sessions.add({ claims: plainClaims, nonce, clientKey: browser.publicKey, hpkeKey: enclave.pair })
  crypto.getRandomValues = getRandomValues
  return { sessions, id }
}
const { sessions, id } = session()
const client = await exchanges({
  claims: plainClaims,
  nonce,
  session: id,
  hpkeKey: enclave.publicKey,
  pair: browser.pair,
})
const head = { method: 'POST', path: '/v1/chat?a=1', headers: [['content-type', 'application/json']] } as const
const sealed = await client.seal(head, bytes(300))
const opened = await sessions.open(id, sealed.payload)
const answer = await opened.answer()
const answered = concatBytes(
  await answer.head({ status: 200, headers: [['content-type', 'text/event-stream']] }),
  await answer.body(bytes(300)),
  await answer.end(),
)

const privateKey = bytes(32, 11)
const question = await sealQuestion(x25519.getPublicKey(privateKey), utf8('question'))

/** Records in pieces that the bytes themselves choose. */
function split(input: Uint8Array): unknown {
  const splitter = new RecordSplitter()
  const records = []
  for (let at = 0; at < input.length; ) {
    const length = 1 + (input[at]! % 97) * (input.length > 10_000 ? 100 : 1)
    records.push(...splitter.push(input.subarray(at, at + length)))
    at += length
  }
  splitter.end()
  return records
}

/** A socket that sends these bytes and no more. */
const socketOf = (input: Uint8Array): Duplex => {
  const socket = new Duplex({ read() {}, write: (_chunk, _encoding, done) => done() })
  for (let at = 0; at < input.length; at += 16_384) socket.push(input.subarray(at, at + 16_384))
  socket.push(null)
  return socket
}

async function drain(stream: ReadableStream<Uint8Array>): Promise<void> {
  for await (const _ of stream);
}

export const channel: readonly Target[] = [
  {
    name: 'evidence request',
    form: 'text',
    seeds: [formatAttestRequest({ nonce, binding: 'session-quoted', purpose: 'session' }).split('?')[1]!].map(utf8),
    longest: 8192,
    memory: 4,
    refusals: ['evidence_request_invalid'],
    parse: (query) => parseAttestRequest(new URLSearchParams(textOf(query))),
  },
  {
    name: 'attest answer',
    form: 'json',
    seeds: [
      jsonOf({ evidence, signature: toBase64url(bytes(64)) }),
      jsonOf({ evidence, challenge: toBase64url(nonce) }),
    ],
    longest: MAX_EVIDENCE_BYTES,
    memory: 256,
    refusals: ['evidence_malformed', 'Refusal'],
    share: 0.3,
    parse: (json) => parseAttestAnswer(parsed(json)),
  },
  {
    name: 'HTTP answer with evidence',
    form: 'text',
    seeds: ['{"evidence":{}}', '{}'].map((body) =>
      utf8(`HTTP/1.1 200 OK\r\nContent-Type: a\r\nContent-Length: ${body.length}\r\n\r\n${body}`),
    ),
    longest: MAX_EVIDENCE_BYTES,
    memory: 64,
    refusals: ['evidence_malformed', 'evidence_missing', 'evidence_too_large'],
    share: 0.3,
    parse: (input) => requestOnce(socketOf(input), 'GET', MAX_EVIDENCE_BYTES),
  },
  {
    name: 'channel request',
    form: 'json',
    seeds: [formatChannelRequest({ nonce, clientKey: nonce, binding: 'session-signed' })],
    longest: MAX_CHANNEL_REQUEST_BYTES,
    memory: 1,
    refusals: ['evidence_request_invalid'],
    parse: parseChannelRequest,
  },
  {
    name: 'channel answer',
    form: 'json',
    seeds: [
      jsonOf({ evidence, session: toBase64url(bytes(16)), lifetimeMs: 900_000 }),
      jsonOf({
        evidence,
        session: toBase64url(bytes(16)),
        lifetimeMs: 900_000,
        hpkeKey: toBase64url(nonce),
        signature: toBase64url(bytes(64)),
      }),
    ],
    longest: MAX_CHANNEL_ANSWER_BYTES,
    memory: 256,
    refusals: ['evidence_malformed'],
    share: 0.3,
    parse: parseChannelAnswer,
  },
  {
    name: 'records',
    form: 'bytes',
    seeds: [sealed.payload.subarray(41), answered.subarray(33)],
    longest: 1_048_576,
    memory: 8,
    refusals: CUT,
    parse: split,
  },
  {
    name: 'head of a request',
    form: 'json',
    seeds: [formatHead(head)],
    longest: MAX_RECORD_BYTES,
    memory: 16,
    refusals: ['channel_tampered'],
    parse: parseRequestHead,
  },
  {
    name: 'head of an answer',
    form: 'json',
    seeds: [formatHead({ status: 200, headers: head.headers })],
    longest: MAX_RECORD_BYTES,
    memory: 16,
    refusals: ['channel_tampered'],
    parse: parseAnswerHead,
  },
  {
    name: 'sealed request',
    form: 'bytes',
    seeds: [sealed.payload],
    longest: 1_048_576,
    memory: 16,
    refusals: [...CUT, 'channel_replayed'],
    share: 0.05,
    parse: (payload) => session().sessions.open(id, payload),
  },
  {
    name: 'sealed answer',
    form: 'bytes',
    seeds: [answered],
    longest: 1_048_576,
    memory: 16,
    refusals: CUT,
    share: 0.05,
    async parse(input) {
      const { body } = await sealed.open(new Blob([Uint8Array.from(input)]).stream())
      await drain(body)
    },
  },
  {
    name: 'sealed question',
    form: 'bytes',
    seeds: [question.payload],
    longest: MAX_SEALED_QUESTION,
    memory: 4,
    refusals: ['sealed_unreadable'],
    share: 0.05,
    parse: (payload) => openQuestion(privateKey, payload),
  },
]
