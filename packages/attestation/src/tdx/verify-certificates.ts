import { equalBytes } from '@dcml/protocol'
import type { Environment } from '../check.ts'
import { environmentOf, findRoot, type Root, requireEnvironment } from '../roots/trust.ts'
import { type Certificate, carries, EXTENSION, KEY_USAGE, type Pki } from '../x509/certificate.ts'
import { type Chains, requireWindow } from '../x509/chain.ts'
import { type Crl, readCrl } from '../x509/crl.ts'
import { Refusal } from '../x509/der.ts'
import type { VerifySignature } from '../x509/signature.ts'
import { isSignedBy } from '../x509/signed.ts'
import type { Ahead } from './ahead.ts'
import type { TdxChecklist } from './checklist.ts'
import type { Collateral } from './collateral.ts'
import type { Quote } from './quote.ts'

/** Intel signs TDX's certificates with P-256 alone. */
export const INTEL_PKI: Pki = {
  kinds: ['p256'],
  extensions: [EXTENSION.basicConstraints, EXTENSION.keyUsage, EXTENSION.sgx, EXTENSION.development],
}

/** What judging needs beside the evidence. */
export interface Judge {
  readonly list: TdxChecklist
  readonly verify: VerifySignature
  readonly ahead: Ahead
  readonly chains: Chains
  /** Unix ms. */
  readonly now: number
}

/** Certificates whose chains are valid and unrevoked; undefined where not. */
export interface TrustedCertificates {
  readonly environment: Environment | undefined
  readonly pck: Certificate | undefined
  readonly tcbInfoSigner: Certificate | undefined
  readonly qeIdentitySigner: Certificate | undefined
}

/** From PEM and DER to the three certificates that sign a quote and its collateral. */
export async function verifyCertificates(
  judge: Judge,
  quote: Quote | undefined,
  collateral: Collateral | undefined,
  roots: readonly Root[],
  required: Environment,
): Promise<TrustedCertificates> {
  const { list } = judge
  const pckCertificates = await list.run('quote_certificates', [quote], ({ certificates }) =>
    judge.chains.read(certificates),
  )
  const chains = await list.run('collateral_certificates', [collateral], (parts) => ({
    pckCrl: judge.chains.read(parts.pck_crl_issuer_chain),
    tcbInfo: judge.chains.read(parts.tcb_info_issuer_chain),
    qeIdentity: judge.chains.read(parts.qe_identity_issuer_chain),
  }))
  const root = await list.run('root_pinned', [pckCertificates, chains], (pck, { pckCrl, tcbInfo, qeIdentity }) =>
    findRoot(
      { 'PCK chain': pck, 'PCK CRL chain': pckCrl, 'TCB info chain': tcbInfo, 'QE identity chain': qeIdentity },
      roots,
    ),
  )
  const all = [pckCertificates, chains?.pckCrl, chains?.tcbInfo, chains?.qeIdentity].flatMap((chain) => chain ?? [])
  const trusted = await list.run('environment', [root], (anchor) => {
    requireEnvironment(anchor, all, required)
    return anchor
  })

  if (trusted && quote && collateral && pckCertificates && chains)
    startAhead(judge.ahead, quote, collateral, { pck: pckCertificates, ...chains })
  const rootCrl = verifyCrl(judge, 'root_crl', collateral?.root_ca_crl, trusted)
  const [pck, tcbInfoSigner, qeIdentitySigner] = await Promise.all([
    verifyPck(judge, trusted && pckCertificates, chains?.pckCrl, collateral?.pck_crl, rootCrl),
    verifySigner(judge, 'tcb_info', trusted && chains?.tcbInfo, rootCrl),
    verifySigner(judge, 'qe_identity', trusted && chains?.qeIdentity, rootCrl),
  ])
  return { environment: root && environmentOf([root, ...all]), pck, tcbInfoSigner, qeIdentitySigner }
}

/** Everything that will have to be verified below a trusted root, where nothing is out of place. */
function startAhead(
  ahead: Ahead,
  quote: Quote,
  { tcb_info, tcb_info_signature, qe_identity, qe_identity_signature }: Collateral,
  chains: Record<'pck' | 'pckCrl' | 'tcbInfo' | 'qeIdentity', readonly Certificate[]>,
): void {
  for (const chain of Object.values(chains))
    for (const [i, { body, signature }] of chain.slice(0, -1).entries())
      ahead.start(chain[i + 1]!.publicKey, body, signature)
  const leaf = (name: keyof typeof chains) => chains[name][0]!.publicKey
  ahead.start(leaf('pck'), quote.qeReport, quote.qeReportSignature)
  ahead.start(quote.attestationKey, quote.signed, quote.signature)
  ahead.start(leaf('tcbInfo'), tcb_info.bytes, tcb_info_signature)
  ahead.start(leaf('qeIdentity'), qe_identity.bytes, qe_identity_signature)
}

/** The platform's certificate, revocable by its CA, which the root can revoke. */
async function verifyPck(
  judge: Judge,
  chain: readonly Certificate[] | undefined,
  crlChain: readonly Certificate[] | undefined,
  crlDer: Uint8Array | undefined,
  rootCrl: Promise<Crl | undefined>,
): Promise<Certificate | undefined> {
  const { list, chains } = judge
  const leaf = await list.run('pck_chain', [chain], async (certificates) =>
    requireLeaf(await chains.verify(certificates, 3)),
  )
  const ca = await list.run('pck_crl_chain', [leaf, chain, crlChain], async (_, [, issuer], certificates) => {
    const { subject, publicKey } = await chains.verify(certificates, 2)
    if (!issuer || !equalBytes(subject, issuer.subject) || !equalBytes(publicKey.bytes, issuer.publicKey.bytes))
      throw new Refusal('the PCK CRL issuer is not the CA that issued the PCK certificate')
    return issuer
  })
  const crl = await verifyCrl(judge, 'pck_crl', crlDer, ca)
  const goodCa = await list.run('pck_ca_not_revoked', [await rootCrl, ca], requireUnrevoked)
  return list.run('pck_not_revoked', [crl, leaf, goodCa], requireUnrevoked)
}

/** Strict reading, the right issuer, its signature, its window, each under its own name. */
async function verifyCrl(
  { list, verify, now }: Judge,
  name: 'root_crl' | 'pck_crl',
  der: Uint8Array | undefined,
  issuer: Certificate | undefined,
): Promise<Crl | undefined> {
  const read = await list.run(`${name}_format`, [der], (bytes) => readCrl(bytes, INTEL_PKI.kinds))
  const issued = await list.run(`${name}_issuer`, [read, issuer], (crl, { subject, keyUsage }) => {
    if (!equalBytes(crl.issuer, subject)) throw new Refusal('the CRL names another issuer')
    if (!(keyUsage & KEY_USAGE.cRLSign)) throw new Refusal('its issuer may not sign CRLs (keyUsage)')
    return crl
  })
  const signed = await list.run(`${name}_signature`, [issued, issuer], async (crl, { publicKey }) => {
    if (!(await isSignedBy(crl, publicKey, verify))) throw new Refusal('the CRL signature does not verify')
    return crl
  })
  await list.run(`${name}_window`, [signed], (crl) => requireWindow(crl.thisUpdate, crl.nextUpdate, now))
  return signed // What an outdated CRL revokes stays revoked.
}

/** Platforms and TCB signers hold keys below the same root: only the PCK extension tells them apart. */
async function verifySigner(
  { list, chains }: Judge,
  name: 'tcb_info' | 'qe_identity',
  chain: readonly Certificate[] | undefined,
  rootCrl: Promise<Crl | undefined>,
): Promise<Certificate | undefined> {
  const leaf = await list.run(`${name}_chain`, [chain], async (certificates) =>
    requireLeaf(await chains.verify(certificates, 2)),
  )
  const unrevoked = await list.run(`${name}_signer_not_revoked`, [await rootCrl, leaf], requireUnrevoked)
  return list.run(`${name}_signer`, [unrevoked], (signer) => {
    if (carries(signer, EXTENSION.sgx)) throw new Refusal('the signer is a platform (SGX extension), not a TCB signer')
    return signer
  })
}

function requireLeaf(certificate: Certificate): Certificate {
  if (certificate.isCa) throw new Refusal('the leaf is a CA')
  if (!(certificate.keyUsage & KEY_USAGE.digitalSignature)) throw new Refusal('the leaf may not sign data (keyUsage)')
  return certificate
}

function requireUnrevoked(crl: Crl, certificate: Certificate): Certificate {
  if (crl.revoked.has(certificate.serial)) throw new Refusal(`certificate ${certificate.serial} is revoked`)
  return certificate
}
