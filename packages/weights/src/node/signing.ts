import { createHash, createPrivateKey, createPublicKey, type KeyObject, sign, verify } from 'node:crypto'
import { DcmlError, fromHex } from '@dcml/protocol'
import * as v from 'valibot'
import type { WeightsManifest } from '../manifest.ts'

const MEDIA_TYPE = 'application/vnd.dev.sigstore.bundle.v0.3+json'
const PAYLOAD_TYPE = 'application/vnd.in-toto+json'
const STATEMENT_TYPE = 'https://in-toto.io/Statement/v1'
const PREDICATE_TYPE = 'https://model_signing/signature/v1.0'
/** Curves that OpenSSF model signing allows, each with its hash. */
const HASHES: Readonly<Record<string, string>> = { prime256v1: 'sha256', secp384r1: 'sha384', secp521r1: 'sha512' }

const bundleSchema = v.object({
  mediaType: v.literal(MEDIA_TYPE),
  verificationMaterial: v.object({ publicKey: v.object({ hint: v.optional(v.string()) }) }),
  dsseEnvelope: v.object({
    payload: v.string(),
    payloadType: v.string(),
    signatures: v.pipe(v.array(v.object({ sig: v.string() })), v.minLength(1)),
  }),
})

const statementSchema = v.object({
  _type: v.literal(STATEMENT_TYPE),
  subject: v.tuple([v.object({ name: v.string(), digest: v.object({ sha256: v.string() }) })]),
  predicateType: v.literal(PREDICATE_TYPE),
  predicate: v.object({
    serialization: v.object({ method: v.literal('files'), hash_type: v.literal('sha256') }),
    resources: v.array(v.object({ name: v.string(), algorithm: v.literal('sha256'), digest: v.string() })),
  }),
})

/** A signature over a model in the format of OpenSSF model signing: a Sigstore bundle, written as `model.sig`. */
export interface ModelSignature {
  mediaType: string
  verificationMaterial: { publicKey: { hint: string }; tlogEntries: readonly unknown[] }
  dsseEnvelope: { payload: string; payloadType: string; signatures: readonly { sig: string; keyid: string }[] }
}

/** One named result; the shape of `Check` in @dcml/attestation. */
export interface SignatureCheck {
  name: 'bundle_form' | 'key_hint' | 'signature' | 'statement_form' | 'root_digest' | 'files'
  status: 'pass' | 'fail' | 'skipped'
  why: string
}

/**
 * Signs the files of a model so that the tools of OpenSSF model signing verify the plaintext release: DSSE over an
 * in-toto Statement v1 with one subject, the SHA-256 over the files' digests.
 * @param options.name what the model is called in the statement
 * @param options.key P-256 private key (P-384 and P-521 work too): PEM or KeyObject
 * @throws DcmlError `signing_key_unsupported`
 */
export function signModel({
  manifest,
  key,
  name = 'model',
}: {
  manifest: WeightsManifest
  key: KeyObject | string
  name?: string
}): ModelSignature {
  const privateKey = readKey(key, createPrivateKey)
  const statement = {
    _type: STATEMENT_TYPE,
    subject: [{ name, digest: { sha256: rootDigest(manifest.files.map((file) => file.sha256)) } }],
    predicateType: PREDICATE_TYPE,
    predicate: {
      serialization: { method: 'files', hash_type: 'sha256', allow_symlinks: false },
      resources: manifest.files.map((file) => ({ name: file.path, algorithm: 'sha256', digest: file.sha256 })),
    },
  }
  const payload = Buffer.from(JSON.stringify(statement))
  const sig = sign(hashFor(privateKey), preAuthEncoding(PAYLOAD_TYPE, payload), privateKey).toString('base64')
  return {
    mediaType: MEDIA_TYPE,
    verificationMaterial: { publicKey: { hint: keyHint(createPublicKey(privateKey)) }, tlogEntries: [] },
    dsseEnvelope: {
      payload: payload.toString('base64'),
      payloadType: PAYLOAD_TYPE,
      signatures: [{ sig, keyid: '' }],
    },
  }
}

/**
 * Checks a signature made by {@link signModel} or by the `model_signing` tool with an elliptic-curve key (1.0 or later),
 * against a manifest whose file digests were computed, not just read, by the caller.
 * @returns ok when the signature passed and no check failed
 * @throws DcmlError `signing_key_unsupported`
 */
export function verifyModelSignature({
  signature,
  manifest,
  publicKey,
}: {
  signature: unknown
  manifest: WeightsManifest
  publicKey: KeyObject | string
}): { ok: boolean; checks: SignatureCheck[] } {
  const key = readKey(publicKey, createPublicKey)
  const checks: SignatureCheck[] = []
  const check = (name: SignatureCheck['name'], passed: boolean, why: string): boolean => {
    checks.push({ name, status: passed ? 'pass' : 'fail', why })
    return passed
  }
  const result = () => ({ ok: checks.every(({ status }) => status !== 'fail'), checks })

  const bundle = v.safeParse(bundleSchema, signature)
  if (!check('bundle_form', bundle.success, 'a Sigstore bundle 0.3 with a DSSE envelope') || !bundle.success)
    return result()
  const { verificationMaterial, dsseEnvelope } = bundle.output
  const { hint } = verificationMaterial.publicKey
  if (hint === undefined) checks.push({ name: 'key_hint', status: 'skipped', why: 'bundles before 1.1 name no key' })
  else check('key_hint', hint === keyHint(key), 'the bundle names the key that was given')
  const payload = Buffer.from(dsseEnvelope.payload, 'base64')
  const signed = preAuthEncoding(dsseEnvelope.payloadType, payload)
  const sig = Buffer.from(dsseEnvelope.signatures[0]!.sig, 'base64')
  if (!check('signature', verify(hashFor(key), signed, key, sig), 'ECDSA over the DSSE envelope')) return result()

  const statement = v.safeParse(statementSchema, dsseEnvelope.payloadType === PAYLOAD_TYPE ? parse(payload) : undefined)
  if (!check('statement_form', statement.success, `an in-toto statement with ${PREDICATE_TYPE}`) || !statement.success)
    return result()
  const { subject, predicate } = statement.output
  const digests = predicate.resources.map((resource) => resource.digest)
  check('root_digest', subject[0].digest.sha256 === rootDigest(digests), 'the subject is the SHA-256 over all digests')
  const signedFiles = predicate.resources.map((resource) => `${resource.digest} ${resource.name}`).sort()
  const files = manifest.files.map((file) => `${file.sha256} ${file.path}`).sort()
  check('files', signedFiles.join('\n') === files.join('\n'), 'the signed files are exactly those of the manifest')
  return result()
}

/** DSSE v1.0 pre-authentication encoding. */
const preAuthEncoding = (type: string, payload: Buffer): Buffer =>
  Buffer.concat([Buffer.from(`DSSEv1 ${Buffer.byteLength(type)} ${type} ${payload.length} `), payload])

function rootDigest(digests: readonly string[]): string {
  const hash = createHash('sha256')
  for (const digest of digests) hash.update(/^[0-9a-f]{64}$/.test(digest) ? fromHex(digest) : 'not a digest')
  return hash.digest('hex')
}

/** SHA-256 of the PEM text of the public key, which is how `model_signing` names a key. */
const keyHint = (publicKey: KeyObject): string =>
  createHash('sha256')
    .update(publicKey.export({ type: 'spki', format: 'pem' }))
    .digest('hex')

function readKey(key: KeyObject | string, create: (pem: string) => KeyObject): KeyObject {
  try {
    const object = typeof key === 'string' ? create(key) : key
    hashFor(object)
    return object
  } catch (cause) {
    if (DcmlError.isInstance(cause)) throw cause
    throw keyUnsupported(cause)
  }
}

function hashFor(key: KeyObject): string {
  const hash = HASHES[key.asymmetricKeyDetails?.namedCurve ?? '']
  if (hash === undefined) throw keyUnsupported()
  return hash
}

const keyUnsupported = (cause?: unknown): DcmlError =>
  new DcmlError('signing_key_unsupported', 'The signing key is not an elliptic-curve key on P-256, P-384 or P-521.', {
    hint: 'Make one with `openssl ecparam -name prime256v1 -genkey -noout`.',
    cause,
  })

function parse(payload: Buffer): unknown {
  try {
    return JSON.parse(payload.toString('utf8'))
  } catch {
    return undefined
  }
}
