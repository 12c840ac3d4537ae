// The enclave's end: a bounded number of sessions, each of which answers every request at most once.
import { concatBytes, DcmlError, equalBytes, fromBase64url, toBase64url } from '@dcml/protocol'
import { type AnswerHead, formatHead, parseRequestHead, type RequestHead } from './head.ts'
import { enclaveSecrets, type KeyPair, makeKeyPair, type Secrets, type SessionTerms } from './keys.ts'
import { MAX_SEALED_BYTES, type MessageId, RecordOpener, RecordSealer, RecordSplitter } from './record.ts'
import { ReplayWindow } from './replay-window.ts'
import {
  type ChannelAnswer,
  type ChannelRequest,
  PREFACE_LENGTH,
  readPreface,
  SESSION_ID_LENGTH,
  tampered,
  VERSION,
} from './wire.ts'

/** Evidence for a session, and for `session-signed` the signature over it. */
export type ChannelProof = Pick<ChannelAnswer, 'evidence' | 'signature'>

/** What a session is made of, once its evidence was made. */
export interface NewSession extends SessionTerms {
  /** The browser's key. */
  readonly clientKey: Uint8Array
  /** The pair whose public half the claims name, or the signature beside them. */
  readonly hpkeKey: KeyPair
}

/** @see ChannelSessions */
export interface ChannelSessionsOptions {
  /** Unix time in milliseconds. */
  readonly clock: () => number
  /** How long a session is kept, in milliseconds. Default 900,000. */
  readonly lifetimeMs?: number
  /** Sessions in use that are kept at once, and as many again that were never used. Default 4,096. */
  readonly maxSessions?: number
}

/** A request that only the browser of its session can have sent, and that never counted before. */
export interface OpenedRequest {
  readonly head: RequestHead
  readonly body: Uint8Array
  /** Begins the one answer. */
  answer(): Promise<AnswerSealer>
}

/** Seals an answer, piece by piece; send what each call resolves to, in the order of the calls. */
export interface AnswerSealer {
  /** @throws DcmlError `headers_too_large` */
  head(head: AnswerHead): Promise<Uint8Array<ArrayBuffer>>
  body(bytes: Uint8Array): Promise<Uint8Array<ArrayBuffer>>
  /** Without it the browser takes the answer for cut off. */
  end(): Promise<Uint8Array<ArrayBuffer>>
}

interface Session extends NewSession {
  readonly id: Uint8Array
  readonly until: number
  readonly window: ReplayWindow
  /** Set by the first request that opens: the encapsulated key, and what follows from it. */
  keys: { readonly enc: Uint8Array; readonly secrets: Secrets } | undefined
}

/** The sessions of one enclave. */
export class ChannelSessions {
  readonly #clock: () => number
  readonly #max: number
  /** How long a session is kept, in milliseconds. */
  readonly lifetimeMs: number
  // apart, so that strangers who open sessions by the thousand push out nobody who uses one; least recently used first
  readonly #unused = new Map<string, Session>()
  readonly #used = new Map<string, Session>()

  constructor({ clock, lifetimeMs = 900_000, maxSessions = 4096 }: ChannelSessionsOptions) {
    this.#clock = clock
    this.#max = maxSessions
    this.lifetimeMs = lifetimeMs
  }

  /** Sessions kept now, expired ones included. */
  get size(): number {
    return this.#unused.size + this.#used.size
  }

  /**
   * Answers the call that opens a session, with a key pair that is made for it and forgotten with it.
   * @param prove has evidence made that names, or is signed together with, these keys
   * @throws what `prove` throws
   */
  async attest(
    { nonce, clientKey, binding }: ChannelRequest,
    prove: (session: ChannelRequest & { readonly hpkeKey: Uint8Array }) => Promise<ChannelProof>,
  ): Promise<ChannelAnswer> {
    const { pair, publicKey } = await makeKeyPair()
    const { evidence, signature } = await prove({ nonce, clientKey, binding, hpkeKey: publicKey })
    const id = this.add({ claims: fromBase64url(evidence.claims), nonce, clientKey, hpkeKey: pair })
    return {
      evidence,
      session: toBase64url(id),
      lifetimeMs: this.lifetimeMs,
      ...(signature !== undefined && { hpkeKey: toBase64url(publicKey), signature }),
    }
  }

  /** Adds a session. @returns its id, 16 random bytes */
  add(terms: NewSession): Uint8Array {
    const id = crypto.getRandomValues(new Uint8Array(SESSION_ID_LENGTH))
    const until = this.#clock() + this.lifetimeMs
    put(this.#unused, { ...terms, id, until, window: new ReplayWindow(), keys: undefined }, this.#max)
    return id
  }

  /** Forgets the keys of every session that is over; call it now and then, since nobody asks for those. */
  forgetEnded(): void {
    const now = this.#clock()
    for (const sessions of [this.#unused, this.#used])
      for (const [name, { until }] of sessions) if (now >= until) sessions.delete(name)
  }

  /** @throws DcmlError `channel_session_unknown`: it never was, is over, or was pushed out by newer ones */
  require(id: Uint8Array): void {
    this.#find(id)
  }

  /**
   * Opens a request of a session, all of it.
   * @throws DcmlError `channel_session_unknown`, `channel_replayed`, `channel_truncated`, `channel_tampered`,
   * `channel_version_unknown`
   */
  async open(id: Uint8Array, payload: Uint8Array): Promise<OpenedRequest> {
    const session = this.#find(id)
    const { enc, sequence } = readPreface(payload)
    const keys = session.keys ?? { enc, secrets: await agree(session, enc) }
    if (!equalBytes(keys.enc, enc)) throw tampered('it was sealed for another session')
    const message = (direction: MessageId['direction']): MessageId => ({ session: session.id, direction, sequence })
    const key = await keys.secrets.messageKey('request', sequence, new Uint8Array())
    const { head, body } = await openMessage(
      payload.subarray(PREFACE_LENGTH),
      new RecordOpener(key, message('request')),
    )
    // from here to the end without a pause: of two copies that were opened side by side one counts
    if (session.keys !== undefined && !equalBytes(session.keys.enc, enc)) throw tampered('the session has another key')
    if (!session.window.take(sequence)) throw replayed()
    session.keys = keys
    this.#touch(session)
    return {
      head,
      body,
      async answer() {
        const salt = crypto.getRandomValues(new Uint8Array(32))
        const answerKey = await keys.secrets.messageKey('answer', sequence, salt)
        return answerSealer(new RecordSealer(answerKey, message('answer')), salt)
      },
    }
  }

  #find(id: Uint8Array): Session {
    const name = toBase64url(id)
    const session = this.#used.get(name) ?? this.#unused.get(name)
    if (session !== undefined && this.#clock() < session.until) return session
    this.#used.delete(name)
    this.#unused.delete(name)
    throw new DcmlError('channel_session_unknown', 'There is no such session.', {
      hint: 'Sessions end. Open a new one.',
      retryable: true,
    })
  }

  #touch(session: Session): void {
    const name = toBase64url(session.id)
    // one that was pushed out while its request was read does not come back
    if (!this.#unused.delete(name) && !this.#used.delete(name)) return
    put(this.#used, session, this.#max)
  }
}

function put(sessions: Map<string, Session>, session: Session, max: number): void {
  sessions.set(toBase64url(session.id), session)
  if (sessions.size <= max) return
  const [oldest] = sessions.keys()
  sessions.delete(oldest!)
}

async function agree(session: Session, enc: Uint8Array): Promise<Secrets> {
  try {
    return await enclaveSecrets({ ...session, enc })
  } catch (cause) {
    throw tampered('its key is none', cause)
  }
}

async function openMessage(
  records: Uint8Array,
  opener: RecordOpener,
): Promise<{ head: RequestHead; body: Uint8Array<ArrayBuffer> }> {
  const splitter = new RecordSplitter()
  const [first, ...rest] = splitter.push(records)
  splitter.end()
  const head = parseRequestHead(await opener.open(first!))
  if (first!.final) throw tampered('it ends with its head')
  // each costs far more than its bytes: a stranger could have 400,000 of them opened by one short request
  const full = rest.slice(0, -2)
  if (!full.every(({ sealed }) => sealed.length === MAX_SEALED_BYTES))
    throw tampered('it has more records than it needs')
  const parts = await Promise.all(rest.map((record) => opener.open(record)))
  return { head, body: concatBytes(...parts) }
}

function answerSealer(records: RecordSealer, salt: Uint8Array): AnswerSealer {
  return {
    async head(head) {
      return concatBytes(Uint8Array.of(VERSION), salt, await records.seal(formatHead(head)))
    },
    body: (bytes) => records.sealAll(bytes),
    end: () => records.end(),
  }
}

const replayed = (): DcmlError =>
  new DcmlError('channel_replayed', 'This request was taken before.', {
    hint: 'Seal it anew: each one counts once.',
  })
