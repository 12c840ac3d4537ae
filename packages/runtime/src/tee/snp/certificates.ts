import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { SnpIdentity } from '@dcml/attestation'
import { toHex } from '@dcml/protocol'
import { unavailable } from '../collateral/fault.ts'
import { ask, type Fetch } from '../collateral/http.ts'
import { readX509 } from '../collateral/window.ts'
import { type SnpCertificateSource, type SnpCertificates, type SnpQuestion, snpCertificates } from './kind.ts'
import { snpIdentity } from './report.ts'

/**
 * SEV-SNP certificates from a function of your own.
 * @param name for logs
 */
export const snpCertificateSource = (
  name: string,
  ask: (question: SnpQuestion) => Promise<SnpCertificates>,
): SnpCertificateSource => ({ name, kind: snpCertificates, ask })

const KDS = 'https://kdsintf.amd.com'

/**
 * AMD's key distribution service (57230, chapter 4), or a mirror of it: the VCEK by chip and patch levels, its issuers, and
 * the ARK's revocation list. A VLEK is given out by AMD to cloud providers alone, so the host has to bring that one. It
 * answers slowly and turns away who asks often: put `keepFresh` around it.
 */
export function amdKds(options: { url?: string; fetch?: Fetch } = {}): SnpCertificateSource {
  const { url = KDS, fetch = globalThis.fetch } = options
  return snpCertificateSource(new URL(url).host, async ({ report, vek, product }) => {
    const identity = snpIdentity(report, product)
    const base = `${url}/${identity.key}/v1/${identity.product}`
    if (vek === undefined && identity.key === 'vlek')
      throw unavailable('AMD gives VLEKs to cloud providers only, and the host brought none')
    const [leaf, chain, crl] = await Promise.all([
      vek ?? ask(fetch, `${base}/${vcekPath(identity)}`).then(({ body }) => body),
      ask(fetch, `${base}/cert_chain`),
      ask(fetch, `${base}/crl`),
    ])
    return { vek: leaf, ...issuersOf(new TextDecoder().decode(chain.body)), crl: crl.body }
  })
}

/** Hardware id and patch levels; Turin's id has eight bytes and its list begins with the FMC's. */
function vcekPath({ product, chipId, reportedTcb: { fmc, bootloader, tee, snp, microcode } }: SnpIdentity): string {
  if (chipId.every((byte) => byte === 0)) throw unavailable('the host hides the id of the chip (MASK_CHIP_ID)')
  const hwid = toHex(product === 'Turin' ? chipId.subarray(0, 8) : chipId)
  const levels = { fmcSPL: fmc, blSPL: bootloader, teeSPL: tee, snpSPL: snp, ucodeSPL: microcode }
  const query = Object.entries(levels).flatMap(([name, level]) =>
    level === undefined ? [] : [`${name}=${String(level).padStart(2, '0')}`],
  )
  return `${hwid}?${query.join('&')}`
}

/** `cert_chain` is PEM: the ASK or ASVK, then the ARK. */
function issuersOf(pem: string): Pick<SnpCertificates, 'ask' | 'ark'> {
  const [issuer, root] = pem.match(/-----BEGIN CERTIFICATE-----[\w+/=\s]+?-----END CERTIFICATE-----/g) ?? []
  if (issuer === undefined || root === undefined) throw unavailable('cert_chain does not hold two certificates')
  return { ask: Uint8Array.from(readX509(issuer).raw), ark: Uint8Array.from(readX509(root).raw) }
}

/**
 * Certificates that a job of the node keeps in a folder, as AMD's service gives them: `<product>/<vcek|vlek>/cert_chain`
 * (PEM), `…/crl` (DER; may be absent), and `…/<hardware id in hex>.der` or, for a VLEK, `…/vlek.der`.
 */
export const snpCertificateFolder = (folder: string): SnpCertificateSource =>
  snpCertificateSource(folder, async ({ report, vek, product }) => {
    const identity = snpIdentity(report, product)
    const base = join(folder, identity.product, identity.key)
    const hwid = identity.product === 'Turin' ? identity.chipId.subarray(0, 8) : identity.chipId
    const leaf = identity.key === 'vlek' ? 'vlek.der' : `${toHex(hwid)}.der`
    const read = async (file: string): Promise<Uint8Array> => {
      try {
        return Uint8Array.from(await readFile(join(base, file)))
      } catch (cause) {
        throw unavailable(`${join(base, file)} cannot be read`, cause)
      }
    }
    const [chain, crl] = await Promise.all([read('cert_chain'), read('crl').catch(() => undefined)])
    return {
      vek: vek ?? (await read(leaf)),
      ...issuersOf(new TextDecoder().decode(chain)),
      ...(crl && { crl }),
    }
  })
