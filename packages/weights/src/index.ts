/**
 * How weights are named (`modelH`), sealed and opened, without any I/O: manifests, Merkle trees, the `DCMW` format
 * and its cryptography. Runs in browsers; files are handled by `@dcml/weights/node`.
 * @packageDocumentation
 */
export { type CryptoProvider, nobleCrypto, webCrypto } from './crypto.ts'
export {
  type BoundHeader,
  type ContainerHeader,
  frameSize,
  type KeyWrap,
  type ModelMeta,
  manifestOf,
  parseFrame,
} from './header.ts'
export { generateModelKey, keyId, type ModelKey, publicKeyOf } from './keys.ts'
export { type ContainerLayout, layoutOf, type SegmentPlace } from './layout.ts'
export { encodeManifest, LEAF_SIZE, type ManifestFile, modelHOf, type WeightsManifest } from './manifest.ts'
export {
  type InclusionClaim,
  inclusionProof,
  leafHash,
  MerkleAccumulator,
  merkleRoot,
  verifyInclusion,
} from './merkle.ts'
export { checkPaths } from './paths.ts'
export { SegmentCipher } from './segments.ts'
export { unwrapKey, wrapKey } from './wrap.ts'
