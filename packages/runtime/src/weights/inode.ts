import { randomUUID } from 'node:crypto'
import { closeSync, constants, openSync, unlinkSync } from 'node:fs'
import { join } from 'node:path'
import { fdSink, type WriteSink } from '@dcml/weights/node'

/** open(2): `__O_TMPFILE | O_DIRECTORY`. Node names only the second, whose value differs between architectures. */
const O_TMPFILE = 0o20000000 | constants.O_DIRECTORY

/** A file that no folder ever listed: it ends with the last descriptor or mapping. */
export class AnonymousInode {
  readonly sink: WriteSink
  #fd: number | undefined

  constructor(folder: string) {
    this.#fd = process.platform === 'linux' ? openUnnamed(folder) : openUnlinked(folder)
    this.sink = fdSink(this.#fd)
  }

  /** Where this process reads it. */
  get path(): string {
    return `${process.platform === 'linux' ? '/proc/self/fd' : '/dev/fd'}/${this.#fd}`
  }

  /** Trades the descriptor for one that only reads, so that nothing changes what has been checked. */
  freeze(): void {
    if (process.platform !== 'linux') return
    const readOnly = openSync(this.path, constants.O_RDONLY)
    this.close()
    this.#fd = readOnly
  }

  close(): void {
    if (this.#fd !== undefined) closeSync(this.#fd)
    this.#fd = undefined
  }
}

function openUnnamed(folder: string): number {
  try {
    return openSync(folder, O_TMPFILE | constants.O_RDWR, 0o600)
  } catch (error) {
    // Kernels and sandboxes without O_TMPFILE see an attempt to open a folder for writing.
    const code = (error as NodeJS.ErrnoException).code
    if (code !== 'EOPNOTSUPP' && code !== 'EISDIR' && code !== 'EINVAL') throw error
    return openUnlinked(folder)
  }
}

/** The way of systems without O_TMPFILE: the name exists for a moment, and only for this user. */
export function openUnlinked(folder: string): number {
  const name = join(folder, `dcml-${randomUUID()}`)
  const fd = openSync(name, 'wx+', 0o600)
  unlinkSync(name)
  return fd
}
