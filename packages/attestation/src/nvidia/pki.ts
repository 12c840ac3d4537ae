import { EXTENSION, type Pki } from '../x509/certificate.ts'

/** NVIDIA signs devices, manifests and revocation statements with P-384 alone. */
export const NVIDIA_PKI: Pki = {
  kinds: ['p384'],
  extensions: [EXTENSION.basicConstraints, EXTENSION.keyUsage, EXTENSION.extendedKeyUsage, EXTENSION.development],
}
