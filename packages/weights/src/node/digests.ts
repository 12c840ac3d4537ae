import { toHex } from '@dcml/protocol'
import type { ManifestFile } from '../manifest.ts'
import type { Hasher } from './hasher.ts'

/** SHA-256 of each file of a model whose bytes come as one stream. */
export class FileDigests {
  readonly #files: readonly { path: string; size: number }[]
  readonly #hasher: Pick<Hasher, 'update' | 'digest'>
  readonly #done: Promise<Uint8Array>[] = []
  #left: number

  constructor(files: readonly { path: string; size: number }[], hasher: Pick<Hasher, 'update' | 'digest'>) {
    this.#files = files
    this.#hasher = hasher
    this.#left = files[0]!.size
    this.#skipComplete()
  }

  /** As with {@link Hasher.update}, the bytes may be read later. */
  update(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length; ) {
      const part = bytes.subarray(at, at + this.#left)
      this.#hasher.update(part)
      at += part.length
      this.#left -= part.length
      this.#skipComplete()
    }
  }

  /** To be called after the last byte. */
  async finish(): Promise<ManifestFile[]> {
    const digests = await Promise.all(this.#done)
    return this.#files.map(({ path, size }, i) => ({ path, size, sha256: toHex(digests[i]!) }))
  }

  #skipComplete(): void {
    while (this.#left === 0 && this.#done.length < this.#files.length) {
      const digest = Promise.resolve(this.#hasher.digest())
      digest.catch(() => {}) // reported by finish, which is not called when the work fails earlier
      this.#done.push(digest)
      this.#left = this.#files[this.#done.length]?.size ?? 0
    }
  }
}
