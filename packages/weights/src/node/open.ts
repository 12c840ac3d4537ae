import { DcmlError, equalBytes, fromHex, toHex } from '@dcml/protocol'
import { type ContainerHeader, manifestOf } from '../header.ts'
import type { ManifestFile, WeightsManifest } from '../manifest.ts'
import { MerkleAccumulator } from '../merkle.ts'
import { SegmentCipher } from '../segments.ts'
import { unwrapKey } from '../wrap.ts'
import { type OpenContainer, openContainer } from './container.ts'
import { nodeCrypto } from './crypto.ts'
import { FileDigests } from './digests.ts'
import { createHasher, leafBuffer } from './hasher.ts'
import { readAhead, readFully, rethrowSpace, type WorkOptions } from './io.ts'
import { SinkSplitter, type WriteSink } from './sink.ts'

export interface OpenOptions extends WorkOptions {
  /** Path of the container. */
  container: string
  /** Secret key of the model, 32 bytes; not kept. */
  sk: Uint8Array
  /** The model that was asked for, 32 bytes. Without it the container may hold any model that is sealed to the key. */
  expectedModelH?: Uint8Array | undefined
}

export interface OpenedModel {
  manifest: WeightsManifest
  modelH: Uint8Array
  header: ContainerHeader
}

/**
 * Decrypts a model into sinks, one per file, in the order of the manifest. Order of work: header and key commitment;
 * then per segment tag check, write, leaf and file hash; then the root and the digest of every file. Only when it
 * resolves is the content what modelH names: on rejection the caller discards every sink. No byte of a segment with a
 * wrong tag is ever written.
 * @throws DcmlError those of {@link inspectContainer}, and `container_wrong_key`, `container_header_tampered`,
 * `container_segment_tampered`, `container_root_mismatch`, `container_file_mismatch`, `model_h_mismatch`,
 * `model_key_malformed`, `no_space`
 */
export async function openModel({
  container,
  into,
  ...options
}: OpenOptions & {
  into: (file: { path: string; size: number }) => WriteSink | Promise<WriteSink>
}): Promise<OpenedModel> {
  const opened = await openContainer(container)
  try {
    const cipher = await unlock(opened.header, options)
    try {
      await decryptAll(opened, cipher, new SinkSplitter(opened.header.files, into), options)
    } finally {
      cipher.destroy()
    }
    const { header } = opened
    return { header, manifest: manifestOf(header), modelH: fromHex(header.modelH) }
  } finally {
    await opened.file.close()
  }
}

/** Checks modelH and keys. */
export async function unlock(
  header: ContainerHeader,
  { sk, expectedModelH }: Pick<OpenOptions, 'sk' | 'expectedModelH'>,
): Promise<SegmentCipher> {
  if (expectedModelH !== undefined && !equalBytes(expectedModelH, fromHex(header.modelH)))
    throw new DcmlError('model_h_mismatch', 'The container holds another model than was asked for.', {
      hint: 'Fetch the container of the right model.',
      details: { expected: toHex(expectedModelH), actual: header.modelH },
    })
  const cek = await unwrapKey(header, sk)
  try {
    return new SegmentCipher(header, cek, nodeCrypto)
  } finally {
    cek.fill(0)
  }
}

async function decryptAll(
  { file, header, layout }: OpenContainer,
  cipher: SegmentCipher,
  sinks: SinkSplitter,
  { signal, onProgress }: WorkOptions,
): Promise<void> {
  const tree = new MerkleAccumulator()
  const largest = layout.segment(0)
  const sealedSlots = [0, 1].map(() => new Uint8Array(largest.size))
  const plainSlots = [0, 1].map(() => leafBuffer(largest.plainSize))
  const read = async (index: number, slot: Uint8Array): Promise<void> => {
    const { offset, size } = layout.segment(index)
    await readFully(file, slot.subarray(0, size), offset)
  }
  const hasher = createHasher(header.plainSize)
  const digests = new FileDigests(header.files, hasher)
  let working: Promise<unknown> = Promise.resolve()
  try {
    for await (const { index, slot } of readAhead(layout.segments, sealedSlots, { ahead: 1, behind: 0 }, read)) {
      signal?.throwIfAborted()
      const { plainOffset, plainSize, size } = layout.segment(index)
      const leaf = plainSlots[index % 2]!.subarray(0, 1 + plainSize)
      await cipher.open(index, slot.subarray(0, size), leaf.subarray(1))
      await working
      digests.update(leaf.subarray(1))
      working = Promise.all([
        sinks.write(leaf.subarray(1)).catch(rethrowSpace),
        Promise.resolve(hasher.sha256(leaf)).then((hash) => tree.add(hash)),
      ])
      working.catch(() => {})
      onProgress?.({ phase: 'open', done: plainOffset + plainSize, total: header.plainSize })
    }
    await working
    await sinks.finish()
    if (toHex(tree.root()) !== header.leafRoot)
      throw new DcmlError('container_root_mismatch', 'The content of the container is not what its header claims.', {
        hint: 'Do not use this container: whoever sealed it lied about the model.',
        details: { modelH: header.modelH },
      })
    checkDigests(header, await digests.finish())
  } finally {
    await working.catch(() => {})
    await sinks.close()
    await hasher.close()
    for (const slot of plainSlots) slot.fill(0)
  }
}

/** The root fixes every byte, but modelH names the files' own digests too, and others that use them must get what it names. */
function checkDigests(header: ContainerHeader, files: readonly ManifestFile[]): void {
  const wrong = files.find(({ sha256 }, i) => sha256 !== header.files[i]!.sha256)
  if (wrong === undefined) return
  throw new DcmlError('container_file_mismatch', `The header names another digest for ${JSON.stringify(wrong.path)}.`, {
    hint: 'Do not use this container: whoever sealed it lied about the model.',
    details: { modelH: header.modelH, path: wrong.path },
  })
}
