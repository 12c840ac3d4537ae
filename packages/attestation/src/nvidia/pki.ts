import { EXTENSION, type Pki } from '../x509/certificate.ts'
import type { SignatureScheme } from '../x509/signature.ts'

/** NVIDIA signs devices, manifests and OCSP responses with P-384 and SHA-384 alone. */
export const NVIDIA_PKI: Pki = {
  kinds: ['p384'],
  extensions: [EXTENSION.basicConstraints, EXTENSION.keyUsage, EXTENSION.extendedKeyUsage, EXTENSION.development],
}

/** NVIDIA's CRLs are signed with SHA-256 by the same P-384 keys. */
export const NVIDIA_CRL_SCHEMES: readonly SignatureScheme[] = ['p384', 'p384-sha256']
