import { write } from 'node:fs'
import { promisify } from 'node:util'

/** Where the plaintext of one file goes. Nothing it got is proven before `openModel` resolves. */
export interface WriteSink {
  /** Takes the next bytes of the file. They are zeroed as soon as the returned promise settles: copy or write them. */
  write(bytes: Uint8Array): void | Promise<void>
  /** Called exactly once, after the last byte or on failure. Says nothing about whether the bytes are right. */
  close?(): void | Promise<void>
}

const writeAt = promisify(write)

/**
 * Writes to a file descriptor from position 0 on, such as an anonymous tmpfs inode that is later handed to an engine.
 * The descriptor stays open and the caller's.
 */
export function fdSink(fd: number): WriteSink {
  let position = 0
  return {
    async write(bytes) {
      for (let done = 0; done < bytes.length; ) {
        const { bytesWritten } = await writeAt(fd, bytes, done, bytes.length - done, position)
        done += bytesWritten
        position += bytesWritten
      }
    },
  }
}

/** Cuts the plaintext of a model into its files. */
export class SinkSplitter {
  readonly #files: readonly { path: string; size: number }[]
  readonly #into: (file: { path: string; size: number }) => WriteSink | Promise<WriteSink>
  #next = 0
  #current: WriteSink | undefined
  #left = 0

  constructor(
    files: readonly { path: string; size: number }[],
    into: (file: { path: string; size: number }) => WriteSink | Promise<WriteSink>,
  ) {
    this.#files = files
    this.#into = into
  }

  async write(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length; ) {
      await this.#advance()
      const part = bytes.subarray(at, at + this.#left)
      await this.#current!.write(part)
      at += part.length
      this.#left -= part.length
    }
  }

  /** Creates the empty files that are left and closes the last sink. */
  async finish(): Promise<void> {
    while (this.#next < this.#files.length) await this.#advance()
    await this.close()
  }

  async close(): Promise<void> {
    const current = this.#current
    this.#current = undefined
    await current?.close?.()
  }

  /** Goes on until the current file takes bytes, or to the last file. */
  async #advance(): Promise<void> {
    while (this.#left === 0 && this.#next < this.#files.length) {
      await this.close()
      const { path, size } = this.#files[this.#next]!
      this.#next++
      this.#current = await this.#into({ path, size })
      this.#left = size
    }
  }
}
