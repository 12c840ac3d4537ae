// TDX collateral as one kind of signed statement: four parts of Intel's, each with its own age.
import { verify, type X509Certificate } from 'node:crypto'
import type { TdxCollateral } from '@dcml/attestation'
import { equalBytes, fromHex, utf8 } from '@dcml/protocol'
import * as v from 'valibot'
import { derSigned } from '../collateral/der.ts'
import { disagree, unavailable } from '../collateral/fault.ts'
import type { Kind, Source } from '../collateral/source.ts'
import { certificateWindow, crlWindow, overlap, readX509, type Window } from '../collateral/window.ts'
import { pckIdentity } from './pck.ts'

/** Finds what verifiers need beside a TDX quote. */
export type CollateralSource = Source<Uint8Array, TdxCollateral>

const text = v.pipe(v.string(), v.maxLength(1_048_576))
const hex = v.pipe(text, v.regex(/^(?:[0-9a-f]{2})+$/, 'not hex'))
const schema: v.GenericSchema<TdxCollateral> = v.strictObject({
  pck_crl_issuer_chain: text,
  root_ca_crl: hex,
  pck_crl: hex,
  tcb_info_issuer_chain: text,
  tcb_info: text,
  tcb_info_signature: hex,
  qe_identity_issuer_chain: text,
  qe_identity: text,
  qe_identity_signature: hex,
})

/** The members that belong to each of Intel's statements; the first is the statement. */
const JSON_PARTS = [
  ['tcb_info', 'tcb_info_signature', 'tcb_info_issuer_chain'],
  ['qe_identity', 'qe_identity_signature', 'qe_identity_issuer_chain'],
] as const
const CRL_PARTS = [['pck_crl', 'pck_crl_issuer_chain'], ['root_ca_crl']] as const
const CHAINS = ['pck_crl_issuer_chain', 'tcb_info_issuer_chain', 'qe_identity_issuer_chain'] as const

export const tdxCollateral: Kind<Uint8Array, TdxCollateral> = {
  name(quote) {
    const { fmspc, ca } = pckIdentity(quote)
    return `TDX collateral of ${fmspc} (${ca})`
  },
  window: (collateral) =>
    overlap([
      ...JSON_PARTS.map(([part]) => dated(part, collateral[part]).window),
      ...CRL_PARTS.map(([part]) => crlWindow(fromHex(collateral[part]))),
      ...CHAINS.flatMap((chain) => certificates(collateral[chain]).map(({ raw }) => certificateWindow(raw))),
    ]),
  check(collateral, quote) {
    requireRoot(collateral, quote)
    for (const [part, signature, chain] of JSON_PARTS) {
      const [signer] = issuers(chain, collateral[chain])
      const key = { key: signer!.publicKey, dsaEncoding: 'ieee-p1363' } as const
      if (!verify('sha256', utf8(collateral[part]), key, fromHex(collateral[signature]))) throw unsigned(part)
    }
    const [pckIssuer, root] = issuers('pck_crl_issuer_chain', collateral.pck_crl_issuer_chain)
    requireCrl('pck_crl', collateral.pck_crl, pckIssuer!)
    requireCrl('root_ca_crl', collateral.root_ca_crl, root!)
    const { fmspc } = dated('tcb_info', collateral.tcb_info)
    if (fmspc !== pckIdentity(quote).fmspc) throw unavailable(`tcb_info is of the family ${fmspc}`)
  },
  newer(one, other) {
    const [root, otherRoot] = [one, other].map(({ tcb_info_issuer_chain: chain }) => certificates(chain).at(-1)!)
    if (!equalBytes(root!.raw, otherRoot!.raw)) throw disagree('tcb_info_issuer_chain', 'they end in different roots')
    const better: Partial<Record<keyof TdxCollateral, string>> = {}
    const take = (members: readonly (keyof TdxCollateral)[], from: TdxCollateral): void => {
      for (const member of members) better[member] = from[member]
    }
    for (const part of JSON_PARTS) take(part, newerJson(part[0], one, other))
    for (const part of CRL_PARTS)
      take(part, newerCrl(part[0], fromHex(one[part[0]]), fromHex(other[part[0]])) ? one : other)
    return better as TdxCollateral
  },
  encode: (collateral) => utf8(JSON.stringify(collateral)),
  decode: (bytes) => readCollateral(new TextDecoder().decode(bytes)),
}

/** Reads the JSON form. @throws DcmlError `tee_collateral_unavailable` */
export function readCollateral(json: string): TdxCollateral {
  let value: unknown
  try {
    value = JSON.parse(json)
  } catch (cause) {
    throw unavailable('it is not JSON', cause)
  }
  const parsed = v.safeParse(schema, value, { abortEarly: true })
  if (!parsed.success) throw unavailable(`"${v.getDotPath(parsed.issues[0])}" is missing or malformed`)
  return parsed.output
}

const date = v.pipe(
  v.string(),
  v.transform((iso) => Date.parse(iso)),
  v.finite(),
)
const datedSchema = v.looseObject({
  issueDate: date,
  nextUpdate: date,
  tcbEvaluationDataNumber: v.number(),
  fmspc: v.optional(v.pipe(v.string(), v.toUpperCase())),
})

/** What is dated about one of Intel's JSON texts, and the rest of it, which is the same for all texts of one number. */
function dated(part: string, json: string) {
  let value: unknown
  try {
    value = JSON.parse(json)
  } catch (cause) {
    throw unavailable(`${part} is not JSON`, cause)
  }
  const parsed = v.safeParse(datedSchema, value, { abortEarly: true })
  if (!parsed.success) throw unavailable(`${part} lacks ${v.getDotPath(parsed.issues[0])}`)
  const { issueDate, nextUpdate, ...content } = parsed.output
  const window: Window = { from: issueDate, until: nextUpdate }
  return { window, number: content.tcbEvaluationDataNumber, fmspc: content.fmspc, content: JSON.stringify(content) }
}

/** A greater evaluation number wins: a lower one hides what was found since. Of one number the later issue does. */
function newerJson(part: 'tcb_info' | 'qe_identity', one: TdxCollateral, other: TdxCollateral): TdxCollateral {
  if (one[part] === other[part]) return one
  const [a, b] = [dated(part, one[part]), dated(part, other[part])]
  if (a.fmspc !== b.fmspc) throw disagree(part, 'they speak of different families')
  if (a.number !== b.number) return a.number > b.number ? one : other
  if (a.content !== b.content) throw disagree(part, `both have evaluation number ${a.number} and different contents`)
  return a.window.from >= b.window.from ? one : other
}

/** Whether the first of two CRLs of one issuer is at least as new. @throws DcmlError `tee_collateral_disagrees` */
export function newerCrl(part: string, one: Uint8Array, other: Uint8Array): boolean {
  const [a, b] = [crlWindow(one).from, crlWindow(other).from]
  if (a === b && !equalBytes(derSigned(one).body.whole, derSigned(other).body.whole))
    throw disagree(part, 'both were issued at the same time and have different contents')
  return a >= b
}

const PEM = /-----BEGIN CERTIFICATE-----[\w+/=\s]+?-----END CERTIFICATE-----/g
const certificates = (pem: string): X509Certificate[] => {
  const found = pem.match(PEM)
  if (found === null) throw unavailable('an issuer chain holds no certificate')
  return found.map(readX509)
}

/**
 * Chains of any root hold in themselves. With one of its own, a source could number its statements higher than Intel does,
 * and be kept for newer: the quote, which is ours, says whose root it is.
 */
function requireRoot(collateral: TdxCollateral, quote: Uint8Array): void {
  const root = certificates(Buffer.from(quote).toString('latin1')).at(-1)!
  const foreign = CHAINS.find((chain) => !equalBytes(certificates(collateral[chain]).at(-1)!.raw, root.raw))
  if (foreign !== undefined) throw unavailable(`${foreign} does not end in the root of the quote`)
}

/** A chain whose links hold, to whichever root it ends in; verifiers know which root it has to be. */
function issuers(member: string, pem: string): X509Certificate[] {
  const chain = certificates(pem)
  const root = chain.at(-1)!
  if (chain.length < 2) throw unavailable(`${member} is one certificate, not a chain`)
  if (!chain.every((link, i) => link.verify((chain[i + 1] ?? root).publicKey))) throw unsigned(member)
  return chain
}

function requireCrl(part: string, crlHex: string, issuer: X509Certificate): void {
  const { body, signature } = derSigned(fromHex(crlHex))
  if (!verify('sha256', body.whole, issuer.publicKey, signature)) throw unsigned(part)
}

const unsigned = (part: string): Error => unavailable(`the signature of ${part} does not verify`)
