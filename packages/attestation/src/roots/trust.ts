import { equalBytes } from '@dcml/protocol'
import { base64 } from '@scure/base'
import type { Environment } from '../check.ts'
import { type Certificate, carries, EXTENSION } from '../x509/certificate.ts'
import { Refusal } from '../x509/der.ts'
import { readPem } from '../x509/pem.ts'
import { INTEL_SGX_ROOT_CA_BASE64 } from './intel-sgx.ts'

/** A root to trust, as DER or PEM text. */
export type Root = Uint8Array | string

const intelSgxRootCa = /* @__PURE__ */ base64.decode(INTEL_SGX_ROOT_CA_BASE64)

/** The roots trusted where no others are given. */
export const pinnedRoots = (): Root[] => [intelSgxRootCa]

/** The one trusted root, compared by its bytes, that all chains end in. */
export function findRoot(
  chains: Readonly<Record<string, readonly Certificate[]>>,
  roots: readonly Root[],
): Certificate {
  const trusted = roots.flatMap((root) => (typeof root === 'string' ? readRootPem(root) : [root]))
  const used: Certificate[] = []
  for (const [name, chain] of Object.entries(chains)) {
    const last = chain.at(-1)
    if (!last || !trusted.some((candidate) => equalBytes(candidate, last.der)))
      throw new Refusal(`${name} does not end in a trusted root`)
    used.push(last)
  }
  const [root] = used
  if (!root || used.some((other) => !equalBytes(other.der, root.der)))
    throw new Refusal('the chains end in different roots')
  return root
}

/** Files of certificates may come with other line ends and blank lines around them. */
const readRootPem = (text: string): Uint8Array[] => readPem(text.replaceAll('\r\n', '\n').trim())

/** A simulated TEE marks its certificates, so that no configuration can pass them off as production. */
export function environmentOf(certificates: readonly Certificate[]): Environment {
  return certificates.some((certificate) => carries(certificate, EXTENSION.development)) ? 'development' : 'production'
}

/** Refuses a development certificate in production, and a root without the mark in development. */
export function requireEnvironment(
  root: Certificate,
  certificates: readonly Certificate[],
  required: Environment,
): void {
  if (required === 'production' && environmentOf([root, ...certificates]) === 'development')
    throw new Refusal('certificates are marked DEVELOPMENT: a simulated TEE proves nothing')
  if (required === 'development' && environmentOf([root]) === 'production')
    throw new Refusal('the root is not marked DEVELOPMENT: a development policy takes no others')
}
