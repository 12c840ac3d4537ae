import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { TdxCollateral } from '@dcml/attestation'
import { DcmlError, toHex } from '@dcml/protocol'
import * as v from 'valibot'
import { jsonMember } from './json-member.ts'
import { type PckIdentity, pckIdentity } from './pck.ts'

/** Finds what verifiers need beside a quote. All of it is signed by Intel, so it may come from anywhere. */
export type CollateralSource = (quote: Uint8Array) => Promise<TdxCollateral>

const schema: v.GenericSchema<TdxCollateral> = v.strictObject({
  pck_crl_issuer_chain: v.string(),
  root_ca_crl: v.string(),
  pck_crl: v.string(),
  tcb_info_issuer_chain: v.string(),
  tcb_info: v.string(),
  tcb_info_signature: v.string(),
  qe_identity_issuer_chain: v.string(),
  qe_identity: v.string(),
  qe_identity_signature: v.string(),
})

/**
 * Collateral that something on the node keeps fresh in a file, for a CVM without a way to the internet. Read anew for
 * every quote.
 * @param path the JSON file, or a folder in which it is named `<FMSPC>.json`
 */
export function collateralFile(path: string): CollateralSource {
  return async (quote) => {
    const file = path.endsWith('.json') ? path : join(path, `${pckIdentity(quote).fmspc}.json`)
    let json: unknown
    try {
      json = JSON.parse(await readFile(file, 'utf8'))
    } catch (cause) {
      throw unusable(`${file} cannot be read`, cause)
    }
    const parsed = v.safeParse(schema, json)
    if (!parsed.success) throw unusable(`${file} lacks ${v.getDotPath(parsed.issues[0])}`)
    return parsed.output
  }
}

/** Intel's own service and where it publishes the CRL of its root. */
const INTEL = 'https://api.trustedservices.intel.com'
const INTEL_ROOT_CRL = 'https://certificates.trustedservices.intel.com/IntelSGXRootCA.der'

/**
 * Collateral from Intel's provisioning certification service (API version 4) or from a PCCS that repeats it, kept for
 * `maxAgeMs` per platform.
 * @param options.url a PCCS; default Intel's service
 */
export function collateralService(
  options: { url?: string; fetch?: typeof globalThis.fetch; maxAgeMs?: number; clock?: () => number } = {},
): CollateralSource {
  const { url = INTEL, maxAgeMs = 6 * 3600_000, clock = Date.now } = options
  const get = getter(options.fetch ?? globalThis.fetch)
  const rootCrl = url === INTEL ? INTEL_ROOT_CRL : `${url}/sgx/certification/v4/rootcacrl`
  const kept = new Map<string, { at: number; collateral: Promise<TdxCollateral> }>()

  const assemble = async ({ fmspc, ca }: PckIdentity): Promise<TdxCollateral> => {
    const [pckCrl, root, tcb, qe] = await Promise.all([
      get(`${url}/sgx/certification/v4/pckcrl?ca=${ca}&encoding=der`),
      get(rootCrl),
      get(`${url}/tdx/certification/v4/tcb?fmspc=${fmspc}`),
      get(`${url}/tdx/certification/v4/qe/identity`),
    ])
    const tcbInfo = signed(tcb, 'tcbInfo')
    const qeIdentity = signed(qe, 'enclaveIdentity')
    return {
      pck_crl_issuer_chain: issuers(pckCrl, 'sgx-pck-crl-issuer-chain'),
      root_ca_crl: crl(root),
      pck_crl: crl(pckCrl),
      tcb_info_issuer_chain: issuers(tcb, 'tcb-info-issuer-chain', 'sgx-tcb-info-issuer-chain'),
      tcb_info: tcbInfo.text,
      tcb_info_signature: tcbInfo.signature,
      qe_identity_issuer_chain: issuers(qe, 'sgx-enclave-identity-issuer-chain'),
      qe_identity: qeIdentity.text,
      qe_identity_signature: qeIdentity.signature,
    }
  }

  return async (quote) => {
    const pck = pckIdentity(quote)
    const key = `${pck.fmspc} ${pck.ca}`
    const known = kept.get(key)
    if (known !== undefined && clock() - known.at < maxAgeMs) return known.collateral
    const collateral = assemble(pck)
    kept.set(key, { at: clock(), collateral })
    // a failure is not kept: the next quote asks again
    collateral.catch(() => kept.delete(key))
    return collateral
  }
}

interface Answer {
  readonly url: string
  readonly headers: Headers
  readonly body: Uint8Array
}

const getter =
  (fetch: typeof globalThis.fetch) =>
  async (url: string): Promise<Answer> => {
    let response: Response
    try {
      response = await fetch(url, { signal: AbortSignal.timeout(20_000) })
    } catch (cause) {
      throw unusable(`${new URL(url).host} cannot be reached`, cause)
    }
    if (!response.ok) throw unusable(`${url} answered ${response.status}`)
    return { url, headers: response.headers, body: new Uint8Array(await response.arrayBuffer()) }
  }

/** Issuer chains travel as percent-encoded PEM in a header. */
function issuers(answer: Answer, ...names: string[]): string {
  const value = names.map((name) => answer.headers.get(name)).find((found) => found !== null)
  if (value === undefined || value === null) throw unusable(`${answer.url} names no issuer chain`)
  return decodeURIComponent(value)
}

/** Intel answers with DER, a PCCS's `rootcacrl` with the hex of it. */
function crl({ body }: Answer): string {
  const text = new TextDecoder('latin1').decode(body).trim()
  return /^[0-9a-fA-F]+$/.test(text) ? text.toLowerCase() : toHex(body)
}

function signed(answer: Answer, member: string): { text: string; signature: string } {
  const json = new TextDecoder().decode(answer.body)
  try {
    const { signature } = JSON.parse(json) as { signature?: unknown }
    const text = jsonMember(json, member)
    if (text !== undefined && typeof signature === 'string') return { text, signature }
  } catch {
    // told below
  }
  throw unusable(`${answer.url} gave no signed ${member}`)
}

const unusable = (why: string, cause?: unknown): DcmlError =>
  new DcmlError('tee_collateral_unavailable', `There is no collateral for this platform: ${why}.`, {
    hint: 'Let a node-side job keep the file fresh, or give the address of a PCCS.',
    retryable: true,
    cause,
  })
