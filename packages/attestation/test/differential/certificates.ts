// Certificates with mutated bytes, signed again by whom they name where that can be, before us and before OpenSSL.
import { createPrivateKey, sign, X509Certificate } from 'node:crypto'
import { concatBytes, equalBytes, toBase64url, toHex } from '@dcml/protocol'
import { type Blueprint, forge, type Simulator } from '@dcml/tee-simulator'
import { INTEL_PKI } from '../../src/tdx/verify-certificates.ts'
import { type Certificate, EXTENSION, KEY_USAGE, readCertificate } from '../../src/x509/certificate.ts'
import { Chains } from '../../src/x509/chain.ts'
import { signatureVerifier } from '../../src/x509/signature.ts'
import type { Random } from './random.ts'

interface Mutated {
  readonly der: Uint8Array
  /** What it was before. */
  readonly honest: Uint8Array
  readonly issuer: Uint8Array
  readonly mutation: string
}

type Signer = Blueprint['pck']['signer']
interface Pair {
  readonly der: Uint8Array
  readonly issuer: Uint8Array
  readonly signer: Signer
}
let known: Pair[] | undefined

/** The certificates of a simulated platform, with their issuers. */
function pairs(simulator: Simulator): Pair[] {
  if (known) return known
  let pairs: Pair[] = []
  forge(simulator, {
    roots: ({ root, intermediate, pck, tcbSigner }, plan) => {
      pairs = [
        { der: intermediate, issuer: root, signer: plan.intermediate.signer },
        { der: pck, issuer: intermediate, signer: plan.pck.signer },
        { der: tcbSigner, issuer: root, signer: plan.tcbSigner.signer },
      ]
      return [root]
    },
  })
  known = pairs
  return pairs
}

/** A certificate with bytes changed: anywhere, or in its body, which is then signed as it stands. */
export function makeCertificate(random: Random, simulator: Simulator): Mutated {
  const { der, issuer, signer } = random.pick(pairs(simulator))
  if (random.below(3) === 0) return { der: random.mutate(der), honest: der, issuer, mutation: 'bytes' }
  const { body, algorithm } = partsOf(der)
  let changed = random.mutate(body)
  if (random.below(4) === 0) changed = random.mutate(changed)
  return { der: seal(changed, algorithm, signer), honest: der, issuer, mutation: 'body, signed' }
}

/** The body and the algorithm behind it, of a certificate that is whole: both lengths take two octets. */
function partsOf(der: Uint8Array): { body: Uint8Array; algorithm: Uint8Array } {
  const end = 4 + 4 + der[6]! * 256 + der[7]!
  return { body: der.subarray(4, end), algorithm: der.subarray(end, end + 2 + der[end + 1]!) }
}

function seal(body: Uint8Array, algorithm: Uint8Array, { point, secretKey }: Signer): Uint8Array {
  const [x, y] = [point.subarray(0, 32), point.subarray(32)].map(toBase64url) as [string, string]
  const key = createPrivateKey({ key: { kty: 'EC', crv: 'P-256', x, y, d: toBase64url(secretKey) }, format: 'jwk' })
  const signature = sign('sha256', body, key)
  const bits = concatBytes(Uint8Array.of(3, signature.length + 1, 0), signature)
  const contents = concatBytes(body, algorithm, bits)
  return concatBytes(Uint8Array.of(0x30, 0x82, contents.length >>> 8, contents.length & 255), contents)
}

/** Why we refuse what OpenSSL accepts, by how our reason begins. */
export const STRICTER_THAN_OPENSSL: Readonly<Record<string, string>> = {
  'DER: ': 'OpenSSL reads BER: other lengths, booleans, bit strings and times than DER has for the same.',
  'certificate: not X.509 v3': 'OpenSSL reads other versions.',
  'name is not a sequence': 'OpenSSL overlooks a missing constructed bit (X.690 §8.9.1).',
  'certificate: public key ': 'OpenSSL reads points in compressed and hybrid form.',
  'extension ': 'OpenSSL reads an extension that is written in an unusual way, or takes the first of two.',
  'basicConstraints: ': 'OpenSSL reads a default value that DER leaves out.',
  'serial number ': 'OpenSSL reads serial numbers that RFC 5280 §4.1.2.2 does not allow.',
  'unknown critical extension ': 'OpenSSL leaves critical extensions to whoever asks for a whole path.',
  'issuer name is not ': 'OpenSSL compares names without case and space; here they are bytes.',
  window: 'OpenSSL is not asked for the time; it ends before it begins.',
}

/** Why OpenSSL refuses what we accept: each is shown not to matter. */
export const LAXER_THAN_OPENSSL: Readonly<Record<string, string>> = {
  'key off the curve': 'A key is judged when something is signed with it: then it is refused here too.',
  'subject that is no text': 'Names are bytes here, compared whole; what strings they hold is for people.',
  'extension that nobody reads':
    'Key identifiers and CRL addresses help to find an issuer. Here the chain says who that is, and its name and signature do.',
}

interface Outcome {
  /** The class of a disagreement; undefined where there is none. */
  readonly name: string | undefined
  readonly told: string
}

export async function disagreement({ der, honest, issuer }: Mutated): Promise<Outcome> {
  const [ours, theirs] = [await readHere(der, issuer), readThere(der, issuer)]
  if (!ours.certificate && !theirs.certificate) return { name: undefined, told: 'both refuse' }
  if (!ours.certificate)
    return {
      name: Object.keys(STRICTER_THAN_OPENSSL).find((start) => ours.why.startsWith(start)) ?? '',
      told: ours.why,
    }
  if (!theirs.certificate) return { name: (await whyLaxer(ours.certificate, honest)) ?? '', told: theirs.why }
  const differing = differences(ours.certificate, theirs.certificate)
  if (differing.length > 0) return { name: '', told: `read differently: ${differing.join()}` }
  return { name: undefined, told: 'both accept' }
}

/** By what was changed, and never by what OpenSSL says of it. */
async function whyLaxer(
  certificate: Certificate,
  honestDer: Uint8Array,
): Promise<keyof typeof LAXER_THAN_OPENSSL | undefined> {
  const honest = readCertificate(honestDer, INTEL_PKI.kinds)
  const key = certificate.publicKey.bytes
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256' }
  const onCurve = await crypto.subtle.importKey('raw', Uint8Array.from(key), algorithm, false, ['verify']).then(
    () => true,
    () => false,
  )
  if (!onCurve) return 'key off the curve'
  if (!equalBytes(certificate.subject, honest.subject)) return 'subject that is no text'
  const unread = ({ extensions }: Certificate) =>
    JSON.stringify(
      extensions.filter(({ oid }) => !INTEL_PKI.extensions.includes(oid)).map(({ oid, value }) => [oid, toHex(value)]),
    )
  return unread(certificate) !== unread(honest) ? 'extension that nobody reads' : undefined
}

const verify = await signatureVerifier()
// Time is not what is compared: OpenSSL is not asked for it.
async function readHere(der: Uint8Array, issuerDer: Uint8Array): Promise<{ certificate?: Certificate; why: string }> {
  try {
    const certificate = readCertificate(der, INTEL_PKI.kinds)
    const issuer = readCertificate(issuerDer, INTEL_PKI.kinds)
    const at = Math.max(certificate.notBefore, issuer.notBefore)
    if (certificate.notAfter < at) return { why: 'window' }
    await new Chains(INTEL_PKI, verify, at).verify([certificate, issuer], 2)
    return { certificate, why: '' }
  } catch (error) {
    return { why: (error as Error).message }
  }
}

function readThere(der: Uint8Array, issuerDer: Uint8Array): { certificate?: X509Certificate; why: string } {
  try {
    const certificate = new X509Certificate(der)
    const issuer = new X509Certificate(issuerDer)
    if (!certificate.checkIssued(issuer)) return { why: 'not issued by its issuer' }
    if (!certificate.verify(issuer.publicKey)) return { why: 'signature' }
    certificate.publicKey // read when it is asked for
    return { certificate, why: '' }
  } catch (error) {
    return { why: (error as Error).message }
  }
}

/** What both say of the same certificate, where it differs. */
function differences(ours: Certificate, theirs: X509Certificate): string[] {
  const said: Record<string, [unknown, unknown]> = {
    serial: [ours.serial || '0', theirs.serialNumber.toLowerCase()],
    // OpenSSL counts keyUsage in; here that is asked of each issuer.
    ca: [ours.isCa && maySignCertificates(ours), theirs.ca],
    key: [
      toHex(ours.publicKey.bytes),
      theirs.publicKey.export({ type: 'spki', format: 'der' }).subarray(-65).toString('hex'),
    ],
    notBefore: [ours.notBefore, theirs.validFromDate.getTime()],
    notAfter: [ours.notAfter, theirs.validToDate.getTime()],
    whole: [toHex(ours.der), Buffer.from(theirs.raw).toString('hex')],
  }
  return Object.keys(said).filter((name) => said[name]![0] !== said[name]![1])
}

const maySignCertificates = ({ keyUsage, extensions }: Certificate): boolean =>
  (keyUsage & KEY_USAGE.keyCertSign) !== 0 || !extensions.some(({ oid }) => oid === EXTENSION.keyUsage)
