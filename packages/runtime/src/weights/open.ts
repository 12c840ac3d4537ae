import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { DcmlError, equalBytes, toHex } from '@dcml/protocol'
import { hashModel, inspectContainer, openModel, type WorkOptions, type WriteSink } from '@dcml/weights/node'
import type { ModelFile } from '../engine/engine.ts'
import type { AnonymousInode } from './inode.ts'
import { type AnonymousStore, tmpfsFull } from './store.ts'

/** A model in memory whose content is what modelH names. */
export interface OpenedWeights {
  readonly files: readonly ModelFile[]
  /** 32 bytes. */
  readonly modelH: Uint8Array
  /** Closes the files. What an engine has mapped stays until it lets go. */
  close(): Promise<void>
}

/** What opening a model takes, sealed or not. */
interface OpenOptions extends WorkOptions {
  readonly store: AnonymousStore
  /** The model that must be inside, 32 bytes. */
  readonly expectedModelH?: Uint8Array
}

type Into = (file: { path: string; size: number }) => WriteSink

/**
 * Decrypts a sealed model into memory (paper §4). Resolves only after modelH matched; on failure or abort nothing of
 * it remains.
 * @throws DcmlError those of `openModel` of `@dcml/weights/node`, and `tmpfs_full`
 */
export async function openWeights({
  container,
  sk,
  ...options
}: OpenOptions & { readonly container: string; readonly sk: Uint8Array }): Promise<OpenedWeights> {
  const { plainSize } = await inspectContainer(container)
  return intoMemory(options.store, plainSize, async (into) => {
    const { modelH } = await openModel({ ...options, container, sk, into })
    return modelH
  })
}

/**
 * Takes an open model, one file or a folder, into memory: the disk belongs to the host, who could swap a file after
 * it was hashed.
 * @throws DcmlError those of `hashModel` of `@dcml/weights/node`, `model_h_mismatch`, `model_source_changed`, and
 * `tmpfs_full`
 */
export async function openPlain({
  path,
  expectedModelH,
  ...options
}: OpenOptions & { readonly path: string }): Promise<OpenedWeights> {
  const { manifest, modelH } = await hashModel(path, options)
  if (expectedModelH && !equalBytes(modelH, expectedModelH)) {
    throw new DcmlError('model_h_mismatch', 'This is another model than was asked for.', {
      hint: 'Fetch the right model.',
      details: { expected: toHex(expectedModelH), actual: toHex(modelH) },
    })
  }
  const isFolder = (await stat(path)).isDirectory()
  const total = manifest.files.reduce((sum, { size }) => sum + size, 0)
  return intoMemory(options.store, total, async (into) => {
    let done = 0
    const count = (bytes: number) => {
      done += bytes
      options.onProgress?.({ phase: 'open', done, total })
    }
    for (const file of manifest.files) {
      const source = isFolder ? join(path, ...file.path.split('/')) : path
      await copy(source, file, into(file), count, options.signal)
    }
    return modelH
  })
}

/** Copies one file; what arrives must be what was hashed before. */
async function copy(
  source: string,
  { path, sha256 }: { path: string; sha256: string },
  sink: WriteSink,
  count: (bytes: number) => void,
  signal: AbortSignal | undefined,
): Promise<void> {
  const hash = createHash('sha256')
  for await (const bytes of createReadStream(source, { highWaterMark: 1 << 20 }) as AsyncIterable<Buffer>) {
    signal?.throwIfAborted()
    hash.update(bytes)
    await sink.write(bytes)
    count(bytes.length)
  }
  if (hash.digest('hex') === sha256) return
  throw new DcmlError('model_source_changed', `The model changed while it was read: ${path}.`, {
    hint: 'Wait until nothing writes to the model any more, then start again.',
    retryable: true,
    details: { path },
  })
}

/** Makes one anonymous file per file of the model; all of them go if anything fails. */
async function intoMemory(
  store: AnonymousStore,
  size: number,
  fill: (into: Into) => Promise<Uint8Array>,
): Promise<OpenedWeights> {
  store.requireSpace(size)
  const made: { name: string; size: number; inode: AnonymousInode }[] = []
  const close = () => {
    for (const { inode } of made) inode.close()
  }
  try {
    const modelH = await fill(({ path, size }) => {
      const inode = store.create()
      made.push({ name: path, size, inode })
      return inode.sink
    })
    for (const { inode } of made) inode.freeze()
    const files = made.map(({ name, size, inode }) => ({ name, size, path: inode.path }))
    return { files, modelH, close: async () => close() }
  } catch (error) {
    close()
    const { code } = error as { code?: unknown }
    throw code === 'no_space' || code === 'ENOSPC' ? tmpfsFull({ needed: size }, error) : error
  }
}
