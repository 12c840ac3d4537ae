import { toHex } from '@dcml/protocol'
import { segmentCount } from '../layout.ts'
import { LEAF_SIZE, modelHOf, type WeightsManifest } from '../manifest.ts'
import { merkleRoot } from '../merkle.ts'
import { FileDigests } from './digests.ts'
import { createHasher, leafBuffer, localHasher } from './hasher.ts'
import { readAhead, type WorkOptions } from './io.ts'
import { listFiles, PlaintextReader, type SourceFile } from './source.ts'

export interface HashedModel {
  manifest: WeightsManifest
  /** Identity of the model, 32 bytes. */
  modelH: Uint8Array
  /** Leaf hashes, for inclusion proofs. */
  leaves: Uint8Array[]
}

/**
 * Names a model: reads one file or all files of a folder and computes manifest and modelH (paper §3).
 * @throws DcmlError `model_not_found`, `model_empty`, `model_path_refused`, `model_source_changed`
 */
export const hashModel = async (path: string, options: WorkOptions = {}): Promise<HashedModel> =>
  hashFiles(await listFiles(path), LEAF_SIZE, options)

/** One pass computes both digests: SHA-256 per file and the leaves over all of them. */
export async function hashFiles(
  sources: readonly SourceFile[],
  leafSize: number,
  { signal, onProgress }: WorkOptions,
): Promise<HashedModel> {
  const total = sources.reduce((sum, file) => sum + file.size, 0)
  const leaves: Uint8Array[] = []
  const digests = new FileDigests(sources, localHasher())
  const reader = new PlaintextReader(sources)
  const hasher = createHasher(total)
  try {
    const slots = [0, 1].map(() => leafBuffer(Math.min(leafSize, total)))
    const sizeOf = (index: number): number => Math.min(leafSize, total - index * leafSize)
    const read = (index: number, slot: Uint8Array): Promise<void> =>
      reader.fill(slot.subarray(1, 1 + sizeOf(index)), index * leafSize)
    for await (const { index, slot } of readAhead(
      segmentCount(total, leafSize),
      slots,
      { ahead: 1, behind: 0 },
      read,
    )) {
      signal?.throwIfAborted()
      const leaf = slot.subarray(0, 1 + sizeOf(index))
      const hashing = hasher.sha256(leaf)
      digests.update(leaf.subarray(1))
      leaves.push(await hashing)
      onProgress?.({ phase: 'hash', done: index * leafSize + sizeOf(index), total })
    }
  } finally {
    await hasher.close()
    await reader.close()
  }
  const manifest: WeightsManifest = {
    version: 1,
    files: await digests.finish(),
    leafSize,
    root: toHex(merkleRoot(leaves)),
  }
  return { manifest, modelH: modelHOf(manifest), leaves }
}
