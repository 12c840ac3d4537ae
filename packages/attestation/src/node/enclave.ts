import {
  constants,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  randomBytes,
  sign,
} from 'node:crypto'
import type { TLSSocket, TlsOptions } from 'node:tls'
import { concatBytes, DcmlError, fromBase64url, fromHex, type Signer, toBase64url } from '@dcml/protocol'
import { browserSessionMessage, sessionMessage } from '../channel/binding.ts'
import type { AttestAnswer, AttestRequest } from '../channel/wire.ts'
import type { Environment } from '../check.ts'
import type { Claims } from '../evidence/claims.ts'
import type { EvidenceJson } from '../evidence/evidence.ts'
import { imageH } from '../evidence/manifest.ts'
import { parseWorkloadManifest, type WorkloadManifest } from '../evidence/workload.ts'
import type { TeeBackend } from '../tee.ts'
import { selfSignedCertificate } from './certificate.ts'
import { connectionExporter, spkiHash } from './exporter.ts'
import { KeptEvidence } from './kept-evidence.ts'
import { type QuoteOptions, Quoter, quoteBusy, type UnquotedClaims } from './quoter.ts'

export interface EnclaveOptions {
  readonly tee: TeeBackend
  /** Exact bytes of the image manifest this enclave was started from; on dstack, of its app-compose text. */
  readonly manifest: Uint8Array
  /** The model that is loaded now; a change leads to new evidence. Default: none. */
  readonly modelH?: () => Uint8Array | undefined
  /** Unix time in milliseconds. Default `Date.now`. */
  readonly clock?: () => number
  /**
   * Age at which the evidence kept for sessions is quoted anew, at most 480. Default 120. Until its successor is there it
   * is still handed out, up to an age of 480; a client accepts 600 by default.
   */
  readonly refreshSeconds?: number
  /**
   * 32 secret bytes that the session key follows from (RFC 8032 §5.1.5), for a key that outlives the process: payment
   * channels are opened with it. Keep them sealed. Default: a new key.
   */
  readonly sessionSeed?: Uint8Array
}

/** What a quote of this enclave is to say beside its keys. */
export type QuoteSubject = Pick<Claims, 'purpose' | 'nonce' | 'tlsSpki' | 'exporter'>

/** A browser's session that evidence is wanted for. */
export interface BrowserSession {
  /** 32 random bytes of the browser. */
  readonly nonce: Uint8Array
  /** The browser's one-time X25519 public key. */
  readonly clientKey: Uint8Array
  /** X25519 public key that was made inside for this one session; it takes the place of the enclave's own. */
  readonly hpkeKey: Uint8Array
  readonly binding: AttestRequest['binding']
}

/** The claims that differ from quote to quote. */
type Subject = QuoteSubject & Partial<Pick<Claims, 'clientKey' | 'hpkeKey'>>

/** One life of an enclave: keys that were made inside, never leave, and are bound into every quote. */
export interface Enclave {
  readonly imageH: Uint8Array
  readonly manifest: WorkloadManifest
  readonly environment: Environment
  /** Random per start: two enclaves, or two lives of one, never share it. */
  readonly boot: Uint8Array
  /** SHA-256 of the SubjectPublicKeyInfo of the TLS key. */
  readonly tlsSpki: Uint8Array
  /** Ed25519; signs sessions, receipts and approvals. */
  readonly sessionKey: Signer
  /** X25519 private key for HPKE. */
  readonly hpkeKey: KeyObject
  /** Options for `tls.createServer` or `https.createServer`: TLS 1.3, the enclave's own key, no resumption. */
  readonly tls: TlsOptions
  /**
   * Answers an evidence request that came over `socket`.
   * @throws DcmlError `tls_failed`, `quote_busy`, `quote_failed`
   */
  attest(socket: TLSSocket, request: AttestRequest): Promise<AttestAnswer>
  /**
   * Evidence of purpose `browser`: the kept one with a signature over the session, or a fresh quote of the session.
   * @throws DcmlError `quote_busy`, `quote_failed`, or the reason of `signal`
   */
  browserEvidence(
    session: BrowserSession,
    options?: { signal?: AbortSignal },
  ): Promise<Pick<AttestAnswer, 'evidence' | 'signature'>>
  /** A fresh quote over this enclave's keys. @throws DcmlError `quote_busy`, `quote_failed` */
  quote(subject: QuoteSubject): Promise<EvidenceJson>
}

/** Everything of a PKCS #8 Ed25519 key before its seed (RFC 8410 §7). */
const ED25519_PKCS8 = fromHex('302e020100300506032b657004220420')

function sessionSigner(seed: Uint8Array = randomBytes(32)): Signer {
  if (seed.length !== 32)
    throw new DcmlError('enclave_session_seed', `The session seed has ${seed.length} bytes, not 32.`, {
      hint: 'Pass 32 secret bytes, or none for a new key.',
    })
  const key = createPrivateKey({ key: Buffer.from(concatBytes(ED25519_PKCS8, seed)), format: 'der', type: 'pkcs8' })
  return {
    publicKey: rawPublicKey(createPublicKey(key)),
    sign: (message) => Uint8Array.from(sign(null, message, key)),
  }
}

const rawPublicKey = (publicKey: KeyObject): Uint8Array => fromBase64url(publicKey.export({ format: 'jwk' }).x!)

/**
 * Makes the keys of a new enclave and its first evidence.
 * @throws DcmlError `manifest_malformed`, `quote_failed`, `enclave_session_seed`
 */
export async function createEnclave(options: EnclaveOptions): Promise<Enclave> {
  const { tee, modelH = () => undefined, clock = Date.now, refreshSeconds = 120 } = options
  const manifestBytes = Uint8Array.from(options.manifest)
  const manifest = parseWorkloadManifest(manifestBytes)
  const image = imageH(manifestBytes)
  const boot = Uint8Array.from(randomBytes(32))
  const tlsPair = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const hpkePair = generateKeyPairSync('x25519')
  const tlsSpki = spkiHash(tlsPair.publicKey)
  const hpkeKey = rawPublicKey(hpkePair.publicKey)
  const sessionKey = sessionSigner(options.sessionSeed)
  const quoter = new Quoter(tee, manifestBytes)

  const claimsFor = (subject: Subject): UnquotedClaims => {
    const model = modelH()
    return {
      hpkeKey,
      ...subject,
      sessionKey: sessionKey.publicKey,
      imageH: image,
      ...(model && { modelH: model }),
      boot,
      iat: clock(),
    }
  }
  const quote = (subject: Subject, options?: QuoteOptions): Promise<EvidenceJson> =>
    quoter.quote(() => claimsFor(subject), options)

  const keep = (purpose: 'session' | 'browser'): KeptEvidence =>
    new KeptEvidence({
      make: async () => {
        let claims: UnquotedClaims | undefined
        const subject = { purpose, nonce: Uint8Array.from(randomBytes(32)), tlsSpki }
        const evidence = await quoter.quote(() => (claims = claimsFor(subject)), { ahead: true })
        return { evidence, claims: claims! }
      },
      modelH,
      clock,
      refreshMs: refreshSeconds * 1000,
    })
  const kept = keep('session')
  const keptForBrowsers = keep('browser')
  const quoting = new WeakSet<TLSSocket>()

  /** A quote of this very connection, given up with it. Each has one at a time: many are what a flood would ask for. */
  async function quoteConnection(socket: TLSSocket, subject: QuoteSubject): Promise<EvidenceJson> {
    if (quoting.has(socket)) throw quoteBusy('A quote of this connection is being made.')
    const gone = new AbortController()
    const onClose = (): void => gone.abort(connectionGone())
    quoting.add(socket)
    socket.once('close', onClose)
    try {
      return await quote(subject, { signal: gone.signal })
    } finally {
      socket.off('close', onClose)
      quoting.delete(socket)
    }
  }

  async function attest(socket: TLSSocket, { nonce, binding, purpose }: AttestRequest): Promise<AttestAnswer> {
    const exporter = connectionExporter(socket, nonce)
    if (binding === 'session-quoted')
      return { evidence: await quoteConnection(socket, { purpose, nonce, tlsSpki, exporter }) }
    const evidence = await kept.get()
    return { evidence, signature: toBase64url(await sessionKey.sign(sessionMessage(nonce, exporter))) }
  }

  async function browserEvidence(
    session: BrowserSession,
    options?: { signal?: AbortSignal },
  ): Promise<Pick<AttestAnswer, 'evidence' | 'signature'>> {
    const { nonce, clientKey, hpkeKey } = session
    if (session.binding === 'session-quoted') {
      const subject = { purpose: 'browser', nonce, tlsSpki, clientKey, hpkeKey } as const
      return { evidence: await quote(subject, options) }
    }
    const evidence = await keptForBrowsers.get()
    return { evidence, signature: toBase64url(await sessionKey.sign(browserSessionMessage(nonce, clientKey, hpkeKey))) }
  }

  await kept.get()
  return {
    imageH: image,
    manifest,
    environment: tee.environment,
    boot,
    tlsSpki,
    sessionKey,
    hpkeKey: hpkePair.privateKey,
    tls: {
      key: tlsPair.privateKey.export({ type: 'pkcs8', format: 'pem' }),
      cert: selfSignedCertificate(tlsPair.privateKey, tlsPair.publicKey, 'DCML enclave', new Date(clock())),
      minVersion: 'TLSv1.3',
      ALPNProtocols: ['http/1.1'],
      secureOptions: constants.SSL_OP_NO_TICKET,
    },
    attest,
    browserEvidence,
    quote: (subject) => quote(subject),
  }
}

const connectionGone = (): DcmlError =>
  new DcmlError('tls_failed', 'The connection was closed before its quote was made.', { hint: 'Connect again.' })
