import { equalBytes, toHex } from '@dcml/protocol'
import { type Certificate, KEY_USAGE, type Pki, readCertificate } from './certificate.ts'
import { Refusal } from './der.ts'
import { readPem } from './pem.ts'
import type { VerifySignature } from './signature.ts'
import { isSignedBy } from './signed.ts'

/** Reads and verifies the chains of one verification, each certificate once however many chains hold it. */
export class Chains {
  readonly #pki: Pki
  readonly #verify: VerifySignature
  readonly #now: number
  readonly #read = new Map<string, Certificate>()
  readonly #signed = new Map<Certificate, { issuer: Certificate; valid: Promise<boolean> }>()

  /** @param now Unix ms */
  constructor(pki: Pki, verify: VerifySignature, now: number) {
    this.#pki = pki
    this.#verify = verify
    this.#now = now
  }

  /** The certificates of a PEM text, the same object for the same bytes. */
  read(pem: string): Certificate[] {
    return readPem(pem).map((der) => this.readDer(der))
  }

  /** A certificate, the same object for the same bytes. */
  readDer(der: Uint8Array): Certificate {
    const id = toHex(der)
    const certificate = this.#read.get(id) ?? readCertificate(der, this.#pki.kinds)
    this.#read.set(id, certificate)
    return certificate
  }

  /**
   * Verifies a chain, leaf first, whose last certificate is already trusted (RFC 5280 §6.1): windows, critical
   * extensions, and for each link the names, the issuer's right to issue, and the signature.
   * @returns the leaf
   */
  async verify(chain: readonly Certificate[], length: number): Promise<Certificate> {
    if (chain.length !== length) throw new Refusal(`chain has ${chain.length} certificates, not ${length}`)
    const links: { certificate: Certificate; issuer: Certificate }[] = []
    for (const [below, certificate] of chain.entries()) {
      requireWindow(certificate.notBefore, certificate.notAfter, this.#now)
      const unknown = certificate.extensions.find(
        ({ oid, critical }) => critical && !this.#pki.extensions.includes(oid),
      )
      if (unknown) throw new Refusal(`unknown critical extension ${unknown.oid}`)
      const issuer = chain[below + 1]
      if (!issuer) continue
      requireIssuer(certificate, issuer, below)
      links.push({ certificate, issuer })
    }
    const signed = await Promise.all(links.map(({ certificate, issuer }) => this.#isSignedBy(certificate, issuer)))
    if (signed.includes(false)) throw new Refusal('certificate signature does not verify')
    return chain[0]!
  }

  #isSignedBy(certificate: Certificate, issuer: Certificate): Promise<boolean> {
    const known = this.#signed.get(certificate)
    if (known?.issuer === issuer) return known.valid
    const valid = isSignedBy(certificate, issuer.publicKey, this.#verify)
    this.#signed.set(certificate, { issuer, valid })
    return valid
  }
}

/** @param below how many CAs stand between the issuer and the leaf */
function requireIssuer(certificate: Certificate, issuer: Certificate, below: number): void {
  if (!equalBytes(certificate.issuer, issuer.subject)) throw new Refusal('issuer name is not the next subject')
  if (!issuer.isCa) throw new Refusal('issuer is not a CA (basicConstraints)')
  if (!(issuer.keyUsage & KEY_USAGE.keyCertSign)) throw new Refusal('issuer may not sign certificates (keyUsage)')
  if (issuer.pathLength !== undefined && issuer.pathLength < below)
    throw new Refusal('chain is longer than its issuer allows (pathLenConstraint)')
}

/** Refused for the time it is judged at, and for nothing that it says. */
export class Untimely extends Refusal {}

/** Refuses a time outside both bounds, inclusive; an invalid time is outside every window. */
export function requireWindow(from: number, until: number, now: number): void {
  if (from <= now && now <= until) return
  const iso = (time: number) => (Number.isNaN(time) ? 'no valid time' : new Date(time).toISOString())
  throw new Untimely(`valid from ${iso(from)} until ${iso(until)}, judged at ${iso(now)}`)
}
