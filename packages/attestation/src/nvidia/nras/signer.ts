// Who signs NVIDIA's verdicts: a P-384 key for two days, certified by an intermediate of the attestation service whose key
// is RSA. That intermediate is pinned by its key; its own issuer publishes nothing.
import { equalBytes, toHex } from '@dcml/protocol'
import { sha256 } from '@noble/hashes/sha2.js'
import { base64 } from '@scure/base'
import type { Environment } from '../../check.ts'
import type { Root } from '../../roots/trust.ts'
import { carries, EXTENSION, KEY_USAGE, readCertificate } from '../../x509/certificate.ts'
import { requireWindow } from '../../x509/chain.ts'
import { DerReader, Refusal, TAG } from '../../x509/der.ts'
import { readPem } from '../../x509/pem.ts'
import { type PublicKey, signatureVerifier } from '../../x509/signature.ts'
import { isSignedBy, readPublicKey } from '../../x509/signed.ts'
import { NVIDIA_PKI } from '../pki.ts'

/**
 * SHA-256 of the SubjectPublicKeyInfo of the intermediates that are trusted: "NVIDIA Attestation Service GPU Intermediate
 * 004", valid to 2029-12-08.
 */
export const NRAS_INTERMEDIATE_SPKI_SHA256: readonly string[] = [
  'fd32837f954e2c45db073105166dfe6985ae0480bb113fba63b091a75affe896',
]

const SHA256_WITH_RSA = '300d06092a864886f70d01010b0500'
const RSA = { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' }

/**
 * The key of a leaf, once its certificate is found to be in force and made by an intermediate that is trusted: in
 * production a pinned one, in development a root that is marked so.
 * @param x5c base64 of DER, leaf first
 * @param now Unix ms
 * @throws Refusal
 */
export async function requireSigner(
  x5c: readonly string[],
  environment: Environment,
  roots: readonly Root[],
  now: number,
): Promise<PublicKey> {
  const [leaf, issuer] = x5c.map(decode)
  if (!leaf || !issuer || x5c.length !== 2) throw new Refusal('the chain is not a leaf and its issuer')
  return environment === 'production' ? requirePinned(leaf, issuer, now) : requireDevelopment(leaf, issuer, roots, now)
}

async function requirePinned(leafDer: Uint8Array, issuerDer: Uint8Array, now: number): Promise<PublicKey> {
  const leaf = readService(leafDer)
  const issuer = readService(issuerDer)
  if (leaf.algorithm !== SHA256_WITH_RSA) throw new Refusal('signature algorithm is not sha256WithRSA')
  if (!NRAS_INTERMEDIATE_SPKI_SHA256.includes(toHex(sha256(issuer.publicKeyInfo))))
    throw new Refusal('the keys are not certified by an intermediate that is pinned')
  for (const { notBefore, notAfter } of [leaf, issuer]) requireWindow(notBefore, notAfter, now)
  if (!equalBytes(leaf.issuer, issuer.subject)) throw new Refusal('issuer name is not the next subject')
  const { subtle } = globalThis.crypto
  const key = await subtle.importKey('spki', own(issuer.publicKeyInfo), RSA, false, ['verify'])
  if (!(await subtle.verify(RSA, key, own(leaf.signature), own(leaf.body))))
    throw new Refusal('certificate signature does not verify')
  const publicKey = readPublicKey(new DerReader(leaf.publicKeyInfo))
  if (publicKey.kind !== 'p384') throw new Refusal('the key is not P-384')
  return publicKey
}

/** The few fields of the attestation service's certificates that count; the leaf is signed with RSA, its issuer is not. */
function readService(der: Uint8Array) {
  const outer = new DerReader(der)
  const parts = outer.sequence()
  outer.end()
  const body = parts.readWhole()
  const algorithm = toHex(parts.readWhole())
  const signature = parts.bitStringBytes()
  parts.end()
  const fields = new DerReader(body).sequence()
  fields.explicit(TAG.context0)
  fields.unsigned()
  if (toHex(fields.readWhole()) !== algorithm) throw new Refusal('two signature algorithms are named')
  const issuer = fields.readWhole()
  const validity = fields.sequence()
  const notBefore = validity.time()
  const notAfter = validity.time()
  validity.end()
  const subject = fields.readWhole()
  return { body, algorithm, signature, issuer, notBefore, notAfter, subject, publicKeyInfo: fields.readWhole() }
}

/** A simulator certifies its key with a development root. */
async function requireDevelopment(
  leafDer: Uint8Array,
  issuerDer: Uint8Array,
  roots: readonly Root[],
  now: number,
): Promise<PublicKey> {
  const leaf = readCertificate(leafDer, NVIDIA_PKI.kinds)
  const issuer = readCertificate(issuerDer, NVIDIA_PKI.kinds)
  const trusted = roots.flatMap((root) => (typeof root === 'string' ? readPem(root) : [root]))
  if (!trusted.some((root) => equalBytes(root, issuerDer)) || !carries(issuer, EXTENSION.development))
    throw new Refusal('the keys are not certified by a development root')
  for (const { notBefore, notAfter } of [leaf, issuer]) requireWindow(notBefore, notAfter, now)
  if (!equalBytes(leaf.issuer, issuer.subject)) throw new Refusal('issuer name is not the next subject')
  if (leaf.isCa || !(leaf.keyUsage & KEY_USAGE.digitalSignature))
    throw new Refusal('the leaf may not sign data (keyUsage)')
  if (!(await isSignedBy(leaf, issuer.publicKey, await signatureVerifier())))
    throw new Refusal('certificate signature does not verify')
  return leaf.publicKey
}

function decode(text: string): Uint8Array {
  try {
    return base64.decode(text)
  } catch {
    throw new Refusal('x5c is not base64')
  }
}

const own = (bytes: Uint8Array): Uint8Array<ArrayBuffer> => bytes as Uint8Array<ArrayBuffer>
