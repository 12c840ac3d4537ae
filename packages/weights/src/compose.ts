import { concatBytes, toBase64url, toHex, utf8 } from '@dcml/protocol'
import { hkdf } from '@noble/hashes/hkdf.js'
import { sha256 } from '@noble/hashes/sha2.js'
import { canonicalJson } from './canonical.ts'
import { type BoundHeader, type ContainerHeader, type ModelMeta, SUITE } from './header.ts'
import { modelHOf, type WeightsManifest } from './manifest.ts'
import { keyCommitment } from './segments.ts'
import { wrapKey } from './wrap.ts'

/** The random values of one container. */
export interface SealSecrets {
  /** Content key, 32 bytes. */
  cek: Uint8Array<ArrayBuffer>
  /** 32 bytes. */
  salt: Uint8Array
  /** 7 bytes. */
  noncePrefix: Uint8Array
}

export const drawSecrets = (): SealSecrets => ({
  cek: crypto.getRandomValues(new Uint8Array(32)),
  salt: crypto.getRandomValues(new Uint8Array(32)),
  noncePrefix: crypto.getRandomValues(new Uint8Array(7)),
})

/**
 * Content key of a seal that can be interrupted: whoever has `sk` finds it again, and nobody else can choose it. All
 * that says what is sealed and to whom goes in, so a salt taken from another container of the same key leads to another
 * content key, not to one that the recipients of that container know.
 * @param kids key ids of the recipients, in the order of the wraps
 * @returns 32 bytes
 */
export const deriveContentKey = (
  sk: Uint8Array,
  salt: Uint8Array,
  { modelH, meta, kids }: { modelH: string; meta: ModelMeta; kids: readonly string[] },
): Uint8Array<ArrayBuffer> => {
  const info = concatBytes(utf8('dcmw cek'), utf8(canonicalJson({ modelH, meta, kids } as never)))
  return Uint8Array.from(hkdf(sha256, sk, salt, info, 32))
}

/**
 * Makes the header of a new container.
 * @param recipients X25519 public keys, each once
 * @param ekms one per recipient, given only by test vectors
 * @throws DcmlError `model_key_malformed`
 */
export async function composeHeader(
  manifest: WeightsManifest,
  meta: ModelMeta,
  recipients: readonly Uint8Array[],
  { cek, salt, noncePrefix }: SealSecrets,
  ekms?: readonly Uint8Array<ArrayBuffer>[],
): Promise<ContainerHeader> {
  let plainSize = 0
  const files = manifest.files.map(({ path, size, sha256 }) => {
    const file = { path, offset: plainSize, size, sha256 }
    plainSize += size
    return file
  })
  const bound: BoundHeader = {
    suite: SUITE,
    segSize: manifest.leafSize,
    plainSize,
    salt: toBase64url(salt),
    noncePrefix: toBase64url(noncePrefix),
    modelH: toHex(modelHOf(manifest)),
    leafRoot: manifest.root,
    files,
    commit: toBase64url(keyCommitment(cek, salt)),
    meta,
  }
  const wraps = await Promise.all(recipients.map((pk, i) => wrapKey(bound, cek, pk, ekms?.[i])))
  return { ...bound, wraps }
}
