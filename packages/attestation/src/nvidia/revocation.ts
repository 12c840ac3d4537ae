// Whether NVIDIA still stands by the certificates of devices and manifests. OCSP answers and CRLs come with the evidence;
// what one of them revokes is revoked, however old it is, and each certificate needs one that is recent.
import { equalBytes, toHex } from '@dcml/protocol'
import type { GpuPolicy } from '../policy/policy.ts'
import { type Certificate, KEY_USAGE } from '../x509/certificate.ts'
import { type Chains, requireWindow } from '../x509/chain.ts'
import { type Crl, readCrl } from '../x509/crl.ts'
import { DerReader, Refusal, TAG } from '../x509/der.ts'
import type { VerifySignature } from '../x509/signature.ts'
import { isSignedBy } from '../x509/signed.ts'
import { each, type Named } from './each.ts'
import { type OcspResponse, readOcspResponse, requireResponder, speaksOf } from './ocsp.ts'
import { NVIDIA_CRL_SCHEMES } from './pki.ts'

const HOUR = 3_600_000

/** Most statements of one device, and the longest that is read. */
const MAX_STATEMENTS = 16
const MAX_STATEMENT_BYTES = 65_536

/** An OCSP answer with the certificates that came with it, or a CRL. */
export type Statement =
  | { readonly ocsp: OcspResponse; readonly responders: readonly Certificate[] }
  | { readonly crl: Crl; readonly responders: readonly [] }

/** A certificate whose standing is asked for. */
export interface Subject {
  readonly certificate: Certificate
  readonly issuer: Certificate
  /** NVIDIA's responder does not answer for the leaf of a device: it stands with the certificate above it. */
  readonly required: boolean
}

/** Reads an OCSP response or a CRL (DER). @throws Refusal */
export function readStatement(der: Uint8Array, chains: Chains): Statement {
  if (der.length > MAX_STATEMENT_BYTES) throw new Refusal(`a statement above ${MAX_STATEMENT_BYTES} bytes`)
  const outer = new DerReader(der)
  if (outer.peek(TAG.sequence) && outer.sequence().peek(TAG.enumerated)) {
    const ocsp = readOcspResponse(der)
    return { ocsp, responders: ocsp.certificates.map((certificate) => chains.readDer(certificate)) }
  }
  return { crl: readCrl(der, NVIDIA_CRL_SCHEMES), responders: [] }
}

/**
 * Statements by the devices they came with, each once: those of one device may speak for the issuers of others too.
 * @throws Refusal
 */
export function distinctStatements(devices: readonly Named<readonly Uint8Array[]>[]): Named<Uint8Array>[] {
  const statements = new Map<string, Named<Uint8Array>>()
  for (const { name, value } of devices) {
    if (value.length > MAX_STATEMENTS) throw new Refusal(`${name}: more than ${MAX_STATEMENTS} statements`)
    for (const [i, der] of value.entries()) {
      const id = toHex(der.subarray(0, MAX_STATEMENT_BYTES + 1))
      if (!statements.has(id)) statements.set(id, { name: `${name}, statement ${i}`, value: der })
    }
  }
  return [...statements.values()]
}

/** The certificates of a chain and their issuers. @param from the first whose standing has to be shown */
export const subjectsOf = (chain: readonly Certificate[], from: number): Subject[] =>
  chain.slice(0, -1).map((certificate, i) => ({ certificate, issuer: chain[i + 1]!, required: i >= from }))

/** The same certificate in several chains, once. */
export const distinctSubjects = (subjects: readonly Subject[]): Subject[] => [
  ...new Map(subjects.map((subject) => [toHex(subject.certificate.der), subject])).values(),
]

/**
 * Requires each statement to be by the issuer of the certificates it speaks of. One that speaks of none here says nothing.
 * @throws Refusal
 */
export async function requireAuthority(
  statements: readonly Named<Statement>[],
  subjects: readonly Subject[],
  verify: VerifySignature,
  now: number,
): Promise<readonly Statement[]> {
  await each(statements, async (statement) => {
    for (const issuer of issuersOf(statement, subjects))
      if ('ocsp' in statement) await requireResponder(statement.ocsp, statement.responders, issuer, verify, now)
      else await requireCrlSigner(statement.crl, issuer, verify)
  })
  return statements.map(({ value }) => value)
}

function issuersOf(statement: Statement, subjects: readonly Subject[]): Certificate[] {
  const speaks = ({ certificate, issuer }: Subject) =>
    'ocsp' in statement
      ? statement.ocsp.statuses.some((status) => speaksOf(status, certificate, issuer))
      : equalBytes(statement.crl.issuer, issuer.subject)
  return [...new Set(subjects.filter(speaks).map(({ issuer }) => issuer))]
}

async function requireCrlSigner(crl: Crl, issuer: Certificate, verify: VerifySignature): Promise<void> {
  if (!(issuer.keyUsage & KEY_USAGE.cRLSign)) throw new Refusal('its issuer may not sign CRLs (keyUsage)')
  if (!(await isSignedBy(crl, issuer.publicKey, verify))) throw new Refusal('the CRL signature does not verify')
}

/** @throws Refusal where any statement, of whatever age, revokes a certificate */
export function requireUnrevoked(statements: readonly Statement[], subjects: readonly Subject[]): readonly Statement[] {
  for (const subject of subjects)
    if (statements.some((statement) => verdictOf(statement, subject).some(({ status }) => status === 'revoked')))
      throw new Refusal(`certificate ${subject.certificate.serial} is revoked`)
  return statements
}

/** @throws Refusal where nothing shows that a certificate is not revoked; Untimely where only old statements do */
export async function requireCurrent(
  statements: readonly Statement[],
  subjects: readonly Subject[],
  { maxOcspAgeHours }: GpuPolicy,
  now: number,
): Promise<void> {
  const asked = subjects
    .filter(({ required }) => required)
    .map((subject) => ({ name: `certificate ${subject.certificate.serial}`, value: subject }))
  await each(asked, (subject) => {
    const good = statements
      .flatMap((statement) => verdictOf(statement, subject))
      .filter(({ status }) => status === 'good')
      // A CRL ages as a response does: an old one must not stand in for the response that would now revoke.
      .map(({ thisUpdate, nextUpdate }) => ({
        from: thisUpdate,
        until: Math.min(nextUpdate, thisUpdate + maxOcspAgeHours * HOUR),
      }))
      .sort((a, b) => b.until - a.until)
    const [newest] = good
    if (!newest) throw new Refusal('nothing shows that it is not revoked')
    if (!good.some(({ from, until }) => from <= now && now <= until)) requireWindow(newest.from, newest.until, now)
  })
}

interface Verdict {
  readonly status: 'good' | 'revoked' | 'unknown'
  readonly thisUpdate: number
  readonly nextUpdate: number
}

function verdictOf(statement: Statement, { certificate, issuer }: Subject): Verdict[] {
  if ('ocsp' in statement) return statement.ocsp.statuses.filter((status) => speaksOf(status, certificate, issuer))
  const { crl } = statement
  if (!equalBytes(crl.issuer, issuer.subject)) return []
  const { thisUpdate, nextUpdate } = crl
  return [{ status: crl.revoked.has(certificate.serial) ? 'revoked' : 'good', thisUpdate, nextUpdate }]
}
