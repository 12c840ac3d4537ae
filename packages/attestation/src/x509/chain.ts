import { equalBytes } from '@dcml/protocol'
import { type Certificate, EXTENSION, KEY_USAGE } from './certificate.ts'
import { Refusal } from './der.ts'
import type { VerifyP256 } from './ecdsa.ts'

const understood: ReadonlySet<string> = new Set(Object.values(EXTENSION))

/**
 * Verifies a chain, leaf first, whose last certificate is already trusted (RFC 5280 §6.1): windows, critical
 * extensions, and for each link the names, the issuer's right to issue, and the signature.
 * @returns the leaf
 */
export async function verifyChain(
  chain: readonly Certificate[],
  length: number,
  now: number,
  verify: VerifyP256,
): Promise<Certificate> {
  if (chain.length !== length) throw new Refusal(`chain has ${chain.length} certificates, not ${length}`)
  for (const [below, certificate] of chain.entries()) {
    requireWindow(certificate.notBefore, certificate.notAfter, now)
    const unknown = certificate.extensions.find(({ oid, critical }) => critical && !understood.has(oid))
    if (unknown) throw new Refusal(`unknown critical extension ${unknown.oid}`)
    const issuer = chain[below + 1]
    if (issuer) await verifyLink(certificate, issuer, below, verify)
  }
  return chain[0]!
}

/** @param below how many CAs stand between the issuer and the leaf */
async function verifyLink(
  certificate: Certificate,
  issuer: Certificate,
  below: number,
  verify: VerifyP256,
): Promise<void> {
  if (!equalBytes(certificate.issuer, issuer.subject)) throw new Refusal('issuer name is not the next subject')
  if (!issuer.isCa) throw new Refusal('issuer is not a CA (basicConstraints)')
  if (!(issuer.keyUsage & KEY_USAGE.keyCertSign)) throw new Refusal('issuer may not sign certificates (keyUsage)')
  if (issuer.pathLength !== undefined && issuer.pathLength < below)
    throw new Refusal('chain is longer than its issuer allows (pathLenConstraint)')
  if (!(await verify(issuer.publicKey, certificate.body, certificate.signature)))
    throw new Refusal('certificate signature does not verify')
}

/** Refuses a time outside both bounds, inclusive; an invalid time is outside every window. */
export function requireWindow(from: number, until: number, now: number): void {
  if (from <= now && now <= until) return
  const iso = (time: number) => (Number.isNaN(time) ? 'no valid time' : new Date(time).toISOString())
  throw new Refusal(`valid from ${iso(from)} until ${iso(until)}, judged at ${iso(now)}`)
}
