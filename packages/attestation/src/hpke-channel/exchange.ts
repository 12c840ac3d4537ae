// Requests and answers of one session, at the browser's end.
import { concatBytes } from '@dcml/protocol'
import { type AnswerHead, formatHead, parseAnswerHead, type RequestHead } from './head.ts'
import { clientSecrets, type Key, type KeyPair, type Secrets, type SessionTerms } from './keys.ts'
import { type MessageId, RecordOpener, RecordSealer, RecordSplitter } from './record.ts'
import { channelPath, requireVersion, tampered, truncated, writePreface } from './wire.ts'

/** A request as it leaves, and the only means to read its answer. */
export interface SealedRequest {
  /** Where to `POST` it. */
  readonly path: string
  readonly payload: Uint8Array<ArrayBuffer>
  /**
   * Reads the answer. Resolves with its head; the body fails with `channel_truncated` or `channel_tampered` unless it
   * is whole. What it yields before its end is authentic as far as it goes.
   * @throws DcmlError `channel_truncated`, `channel_tampered`, `channel_version_unknown`, or what the stream fails with
   */
  open(answer: ReadableStream<Uint8Array>): Promise<OpenedAnswer>
}

/** An answer that only the enclave can have sent, to this request. */
export interface OpenedAnswer {
  readonly head: AnswerHead
  readonly body: ReadableStream<Uint8Array>
}

/** Any number of requests to one enclave, side by side too. */
export interface Exchanges {
  /** Seals a request. @throws DcmlError `headers_too_large` */
  seal(head: RequestHead, body: Uint8Array): Promise<SealedRequest>
}

/** Sets up the secrets of a session, once the enclave behind `hpkeKey` was verified. */
export async function exchanges(
  session: SessionTerms & {
    readonly session: Uint8Array
    readonly hpkeKey: Uint8Array
    readonly pair: KeyPair
  },
): Promise<Exchanges> {
  const secrets = await clientSecrets(session)
  let sequence = 0
  return { seal: (head, body) => sealRequest(secrets, { id: session.session, sequence: sequence++ }, head, body) }
}

async function sealRequest(
  { enc, messageKey }: Secrets & { readonly enc: Uint8Array },
  { id: session, sequence }: { readonly id: Uint8Array; readonly sequence: number },
  head: RequestHead,
  body: Uint8Array,
): Promise<SealedRequest> {
  const first = formatHead(head)
  const id = (direction: MessageId['direction']): MessageId => ({ session, direction, sequence })
  const records = new RecordSealer(await messageKey('request', sequence, new Uint8Array()), id('request'))
  const sealed = [records.seal(first), records.sealAll(body), records.end()]
  return {
    path: channelPath(session),
    payload: concatBytes(writePreface({ enc, sequence }), ...(await Promise.all(sealed))),
    async open(answer) {
      const pieces = answer.pipeThrough(openRecords((salt) => messageKey('answer', sequence, salt), id('answer')))
      const reader = pieces.getReader()
      const { value, done } = await reader.read()
      if (done) throw truncated()
      const answerHead = parseAnswerHead(value)
      reader.releaseLock()
      // read from already, it could be no body of a `Response`
      return { head: answerHead, body: pieces.pipeThrough(new TransformStream()) }
    },
  }
}

/** Bytes of an answer before its records: version and salt. */
const SALT = 32
const ANSWER_PREFACE = 1 + SALT

/** The records of an answer, opened; fails unless the final one was there. */
function openRecords(keyOf: (salt: Uint8Array) => Promise<Key>, id: MessageId) {
  const splitter = new RecordSplitter()
  let preface = new Uint8Array()
  let opener: RecordOpener | undefined
  let opened = 0
  return new TransformStream<Uint8Array, Uint8Array>({
    async transform(chunk, controller) {
      let rest = chunk
      if (opener === undefined) {
        const bytes = concatBytes(preface, chunk)
        if (bytes.length > 0) requireVersion(bytes[0]!)
        preface = bytes.slice(0, ANSWER_PREFACE)
        if (bytes.length < ANSWER_PREFACE) return
        opener = new RecordOpener(await keyOf(preface.slice(1)), id)
        rest = bytes.subarray(ANSWER_PREFACE)
      }
      for (const record of splitter.push(rest)) {
        const plain = await opener.open(record)
        if (opened === 0 && record.final) throw tampered('it has no head')
        if (opened++ === 0 || plain.length > 0) controller.enqueue(plain)
      }
    },
    flush: () => splitter.end(),
  })
}
