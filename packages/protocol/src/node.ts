/**
 * What Node does faster than WebCrypto.
 * @packageDocumentation
 */
export { ed25519Verifier } from './node/signature.ts'
