import { equalBytes } from '@dcml/protocol'
import type { Environment } from '../check.ts'
import type { Policy } from '../policy/policy.ts'
import { environmentOf, findRoot, type Root, requireEnvironment } from '../roots/trust.ts'
import { type Certificate, EXTENSION, KEY_USAGE, type Pki } from '../x509/certificate.ts'
import { type Chains, requireWindow } from '../x509/chain.ts'
import { readCrl } from '../x509/crl.ts'
import { Refusal } from '../x509/der.ts'
import type { VerifySignature } from '../x509/signature.ts'
import { isSignedBy } from '../x509/signed.ts'
import type { SnpChecklist } from './checklist.ts'

/** ARK and ASK are RSA keys, the VEK is on P-384. */
export const AMD_PKI: Pki = {
  kinds: ['rsa', 'p384'],
  extensions: [EXTENSION.basicConstraints, EXTENSION.keyUsage, EXTENSION.development],
}

/** What judging needs beside the evidence. */
export interface Judge {
  readonly list: SnpChecklist
  readonly verify: VerifySignature
  readonly chains: Chains
  /** Unix ms. */
  readonly now: number
}

/** What certifies the key that signed the report. */
interface Evidence {
  /** VEK, ASK and ARK, as far as they could be read. */
  readonly read: readonly Certificate[] | undefined
  /** The ARK's revocation list, DER. */
  readonly crl: Uint8Array | undefined
}

/** From certificates to the one whose key may have signed the report; undefined where its chain is not valid. */
export async function verifyCertificates(
  judge: Judge,
  { read, crl }: Evidence,
  roots: readonly Root[],
  policy: Policy,
): Promise<{ environment: Environment | undefined; vek: Certificate | undefined }> {
  const { list, chains } = judge
  const root = await list.run('snp_root_pinned', [read], (chain) => findRoot({ 'the VEK chain': chain }, roots))
  const trusted = await list.run('snp_environment', [root, read], (anchor, chain) => {
    requireEnvironment(anchor, chain, policy.environment)
    return chain
  })
  const [leaf] = await Promise.all([
    list.run('snp_chain', [trusted], (chain) => chains.verify(chain, 3)),
    verifyRevocation(judge, crl, trusted, policy.snp),
  ])
  return { environment: root && read && environmentOf([root, ...read]), vek: leaf }
}

/** The ARK can revoke the ASK. It cannot revoke a VEK: AMD gives all of them the serial number 0. */
async function verifyRevocation(
  { list, verify, now }: Judge,
  der: Uint8Array | undefined,
  chain: readonly Certificate[] | undefined,
  policy: Policy['snp'],
): Promise<void> {
  if (!policy.crl) {
    const checks = ['format', 'issuer', 'signature', 'window'] as const
    const names = [...checks.map((check) => `snp_crl_${check}` as const), 'snp_ask_not_revoked'] as const
    for (const name of names) list.skip(name, 'The policy does not ask whether the ASK is revoked.')
    return
  }
  const read = await list.run('snp_crl_format', [], () => {
    if (!der) throw new Refusal('the evidence has no CRL')
    return readCrl(der, AMD_PKI.kinds)
  })
  const issued = await list.run('snp_crl_issuer', [read, chain], (crl, [, , ark]) => {
    if (!equalBytes(crl.issuer, ark!.subject)) throw new Refusal('the CRL names another issuer')
    if (!(ark!.keyUsage & KEY_USAGE.cRLSign)) throw new Refusal('its issuer may not sign CRLs (keyUsage)')
    return crl
  })
  const signed = await list.run('snp_crl_signature', [issued, chain], async (crl, [, , ark]) => {
    if (!(await isSignedBy(crl, ark!.publicKey, verify))) throw new Refusal('the CRL signature does not verify')
    return crl
  })
  await list.run('snp_crl_window', [signed], (crl) => requireWindow(crl.thisUpdate, crl.nextUpdate, now))
  await list.run('snp_ask_not_revoked', [signed, chain], (crl, [, ask]) => {
    // What an outdated CRL revokes stays revoked.
    if (crl.revoked.has(ask!.serial)) throw new Refusal(`the ASK, certificate ${ask!.serial}, is revoked`)
  })
}
