import { open, readFile, rename, writeFile } from 'node:fs/promises'
import { type RandomModelOptions, randomModel } from '../gguf/random-model.ts'
import { type Checkpoint, decodeCheckpoint, encodeCheckpoint } from '../train/checkpoint.ts'

/** Writes a file whole or not at all. */
export async function replaceFile(path: string, bytes: Uint8Array | string): Promise<void> {
  const draft = `${path}.partial`
  await writeFile(draft, bytes)
  await rename(draft, path)
}

export const writeCheckpoint = (path: string, checkpoint: Checkpoint): Promise<void> =>
  replaceFile(path, encodeCheckpoint(checkpoint))

/**
 * The checkpoint at a path, or undefined where no file is.
 * @throws DcmlError `checkpoint_invalid`
 */
export async function readCheckpoint(path: string): Promise<Checkpoint | undefined> {
  const bytes = await readFile(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined
    throw error
  })
  return bytes && decodeCheckpoint(bytes)
}

/**
 * Streams a {@link randomModel} to disk and gives its size in bytes; memory stays at a few MiB whatever the size.
 * @throws DcmlError `config_invalid`
 */
export async function writeRandomModel(path: string, options: RandomModelOptions): Promise<number> {
  const pieces = randomModel(options)
  await using file = await open(path, 'w')
  let size = 0
  for (const piece of pieces) {
    for (let at = 0; at < piece.length; ) at += (await file.write(piece, at)).bytesWritten
    size += piece.length
  }
  return size
}
