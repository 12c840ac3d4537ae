import { utf8 } from '@dcml/protocol'
import { sha256 } from '@noble/hashes/sha2.js'
import { canonicalJson } from './canonical.ts'

/** Bytes of plaintext under one leaf, and of one segment of a container: 4 MiB. */
export const LEAF_SIZE = 4_194_304

export interface ManifestFile {
  /** Relative, `/` between names; see {@link checkPaths} for the rules. */
  readonly path: string
  /** Bytes. */
  readonly size: number
  /** SHA-256 of the file, hex: the digest that hubs and OpenSSF model signing use. */
  readonly sha256: string
}

/**
 * What a model is: its files and their content, whether published openly or sealed. `modelH` is the SHA-256 of this.
 */
export interface WeightsManifest {
  readonly version: 1
  /** Sorted by the UTF-8 bytes of the path. */
  readonly files: readonly ManifestFile[]
  /** Bytes of plaintext per leaf; the plaintext is the files one after the other in the order of `files`. */
  readonly leafSize: number
  /** RFC 6962 root over the leaves, hex. A model without a byte has one empty leaf. */
  readonly root: string
}

/** The bytes that modelH is the SHA-256 of: canonical JSON (RFC 8785). */
export const encodeManifest = ({ version, files, leafSize, root }: WeightsManifest): Uint8Array<ArrayBuffer> =>
  utf8(
    canonicalJson({
      version,
      files: files.map(({ path, size, sha256 }) => ({ path, size, sha256 })),
      leafSize,
      root,
    }),
  )

/** Identity of a model (paper §3, §4): 32 bytes, the same for an open and a sealed release. */
export const modelHOf = (manifest: WeightsManifest): Uint8Array => sha256(encodeManifest(manifest))
