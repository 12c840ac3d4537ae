/**
 * Hashes, seals and opens models on disk: the Node side of `@dcml/weights`, on OpenSSL.
 * @packageDocumentation
 */
export { inspectContainer } from './node/container.ts'
export { nodeCrypto } from './node/crypto.ts'
export { openToFolder } from './node/folder.ts'
export { type HashedModel, hashModel } from './node/hash.ts'
export type { Progress, WorkOptions } from './node/io.ts'
export { type OpenedModel, type OpenOptions, openModel } from './node/open.ts'
export { type RangeOptions, readRange } from './node/range.ts'
export { addRecipient } from './node/recipients.ts'
export { type SealedModel, type SealOptions, sealModel } from './node/seal.ts'
export { type ModelSignature, type SignatureCheck, signModel, verifyModelSignature } from './node/signing.ts'
export { fdSink, type WriteSink } from './node/sink.ts'
