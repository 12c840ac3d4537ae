import { type FileHandle, open, rm } from 'node:fs/promises'
import { DcmlError } from '@dcml/protocol'

/** Said now and then while long work runs. */
export interface Progress {
  /** What is being done to the bytes that are counted. */
  phase: 'hash' | 'seal' | 'open'
  /** Bytes of plaintext done so far, out of `total`. */
  done: number
  total: number
}

/** Accepted by all long work. */
export interface WorkOptions {
  /** Stops the work; the promise then rejects with the signal's reason. */
  signal?: AbortSignal | undefined
  onProgress?: ((progress: Progress) => void) | undefined
}

/** Fills `into` from a file. @returns bytes read, fewer than asked at the end of the file only */
export async function readFully(file: FileHandle, into: Uint8Array, position: number): Promise<number> {
  let done = 0
  while (done < into.length) {
    const { bytesRead } = await file.read(into, done, into.length - done, position + done)
    if (bytesRead === 0) break
    done += bytesRead
  }
  return done
}

/**
 * Opens a new file in place of whatever has that name. A link is replaced, never followed, so a folder that others can
 * write to does not lead the bytes elsewhere.
 */
export async function createNew(path: string, mode = 0o666): Promise<FileHandle> {
  await rm(path, { force: true })
  return open(path, 'wx+', mode) // sealed, and meant to be published: the umask decides who may read it
}

/** @throws DcmlError `no_space` */
export async function writeFully(file: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    const { bytesWritten } = await file.write(bytes, done, bytes.length - done, position + done).catch(rethrowSpace)
    done += bytesWritten
  }
}

/** Makes a rename last through a power cut, where the system can do that. */
export async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r').catch(() => undefined)
  await folder?.sync().catch(() => {})
  await folder?.close()
}

/** Gives errors of a full disk, quota or tmpfs their code; other errors pass. */
export function rethrowSpace(error: unknown): never {
  const code = (error as NodeJS.ErrnoException)?.code
  if (code !== 'ENOSPC' && code !== 'EDQUOT') throw error
  throw new DcmlError('no_space', 'There is no space left where the output is written.', {
    hint: 'Free or add space (for tmpfs: raise its size limit, containers often have 64 MB), then try again.',
    retryable: true,
    details: { errno: code },
    cause: error,
  })
}

/** Turns a missing path into an error of its own; other errors pass. */
export const rethrowMissing =
  (code: 'model_not_found' | 'container_not_found' | 'seal_target_not_found', path: string) =>
  (error: unknown): never => {
    const errno = (error as NodeJS.ErrnoException)?.code
    if (errno !== 'ENOENT' && errno !== 'ENOTDIR') throw error
    throw new DcmlError(code, `There is nothing at ${path}.`, {
      hint: 'Check the path.',
      details: { path },
      cause: error,
    })
  }

/**
 * Reads up to `ahead` pieces while the caller works on one, and leaves alone the `behind` pieces before that one, which
 * may still be being written. The slots are filled in turn.
 */
export async function* readAhead<Slot>(
  count: number,
  slots: readonly Slot[],
  { ahead, behind }: { ahead: number; behind: number },
  read: (index: number, slot: Slot) => Promise<void>,
): AsyncGenerator<{ index: number; slot: Slot }, void, void> {
  if (slots.length < ahead + 1 + behind) throw new RangeError('A slot would be filled while it is used')
  const slotOf = (index: number): Slot => slots[index % slots.length]!
  const reading: Promise<void>[] = []
  let started = 0
  const startUntil = (end: number): void => {
    for (; started < Math.min(end, count); started++) {
      const piece = read(started, slotOf(started))
      piece.catch(() => {}) // reported by the await below, which may come late or, on abort, never
      reading.push(piece)
    }
  }
  try {
    for (let index = 0; index < count; index++) {
      startUntil(index + 1)
      await reading.shift()
      startUntil(index + 1 + ahead)
      yield { index, slot: slotOf(index) }
    }
  } finally {
    await Promise.allSettled(reading) // the file must not be closed under a read
  }
}
