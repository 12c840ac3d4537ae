import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { jsonMember, type TdxCollateral } from '@dcml/attestation'
import { toHex } from '@dcml/protocol'
import { unavailable } from '../collateral/fault.ts'
import { type Answer, ask, type Fetch } from '../collateral/http.ts'
import { type CollateralSource, readCollateral, tdxCollateral } from './kind.ts'
import { pckIdentity } from './pck.ts'

/**
 * TDX collateral from a function of your own.
 * @param name for logs
 */
export const collateralSource = (
  name: string,
  ask: (quote: Uint8Array) => Promise<TdxCollateral>,
): CollateralSource => ({ name, kind: tdxCollateral, ask })

/**
 * Collateral that something on the node keeps fresh in a file, for a CVM without a way to the internet. Read anew for
 * every quote.
 * @param path the JSON file, or a folder in which it is named `<FMSPC>.json`
 */
export const collateralFile = (path: string): CollateralSource =>
  collateralSource(path, async (quote) => {
    const file = path.endsWith('.json') ? path : join(path, `${pckIdentity(quote).fmspc}.json`)
    const json = await readFile(file, 'utf8').catch((cause: unknown) => {
      throw unavailable(`${file} cannot be read`, cause)
    })
    return readCollateral(json)
  })

/** Intel's own service and where it publishes the CRL of its root. */
const INTEL = 'https://api.trustedservices.intel.com'
const INTEL_ROOT_CRL = 'https://certificates.trustedservices.intel.com/IntelSGXRootCA.der'

/**
 * Collateral from Intel's provisioning certification service (API version 4) or from a PCCS that repeats it, asked for
 * with every question: put `keepFresh` around it.
 * @param options.url a PCCS; default Intel's service
 */
export function collateralService(options: { url?: string; fetch?: Fetch } = {}): CollateralSource {
  const { url = INTEL, fetch = globalThis.fetch } = options
  const rootCrl = url === INTEL ? INTEL_ROOT_CRL : `${url}/sgx/certification/v4/rootcacrl`

  return collateralSource(new URL(url).host, async (quote) => {
    const { fmspc, ca } = pckIdentity(quote)
    const [pckCrl, root, tcb, qe] = await Promise.all([
      ask(fetch, `${url}/sgx/certification/v4/pckcrl?ca=${ca}&encoding=der`),
      ask(fetch, rootCrl),
      ask(fetch, `${url}/tdx/certification/v4/tcb?fmspc=${fmspc}`),
      ask(fetch, `${url}/tdx/certification/v4/qe/identity`),
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
  })
}

/** Issuer chains travel as percent-encoded PEM in a header. */
function issuers({ url, headers }: Answer, ...names: string[]): string {
  const value = names.map((name) => headers.get(name)).find((found) => found !== null)
  if (value === undefined || value === null) throw unavailable(`${url} names no issuer chain`)
  try {
    return decodeURIComponent(value)
  } catch (cause) {
    throw unavailable(`${url} names an issuer chain that is not percent-encoded`, cause)
  }
}

/** Intel answers with DER, a PCCS's `rootcacrl` with the hex of it. */
function crl({ body }: Answer): string {
  const text = new TextDecoder('latin1').decode(body).trim()
  return /^[0-9a-fA-F]+$/.test(text) && text.length % 2 === 0 ? text.toLowerCase() : toHex(body)
}

/** r‖s on P-256, as hex. */
const SIGNATURE = /^[0-9a-fA-F]{128}$/

function signed({ url, body }: Answer, member: string): { text: string; signature: string } {
  const json = new TextDecoder().decode(body)
  try {
    const { signature } = JSON.parse(json) as { signature?: unknown }
    const text = jsonMember(json, member)
    if (text !== undefined && typeof signature === 'string' && SIGNATURE.test(signature))
      return { text, signature: signature.toLowerCase() }
  } catch {
    // told below
  }
  throw unavailable(`${url} gave no signed ${member}`)
}
