import { type FileHandle, open, readdir, readFile, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { concatBytes } from '@dcml/protocol'
import { openDurable, writeDurably, writeFailed } from './durable.ts'

const NAME = /^state-([0-9]+)$/
const UNBORN = /^state-[0-9]+\.new$/
/** More than a hundred thousand channels take. */
const MAX_FRAME = 64 * 1024 * 1024

/**
 * Logs in a folder that nobody else writes to, one file each: frames of a length (4 bytes, big-endian) and so many
 * bytes. A log is born whole, under its name only once its first frame is written, and only ever grows. What may be
 * deleted when is the rule of `StateStore`.
 */
export class StateLogs {
  readonly #folder: string
  #names: readonly string[]
  #number: number
  #current: { readonly name: string; readonly file: FileHandle; end: number } | undefined

  private constructor(folder: string, names: readonly string[]) {
    this.#folder = folder
    this.#names = names
    this.#number = Math.max(0, ...names.map((name) => Number(NAME.exec(name)![1])))
  }

  static async open(folder: string): Promise<StateLogs> {
    const names = await readdir(folder)
    // what never got its name was never whole
    await Promise.all(names.filter((name) => UNBORN.test(name)).map((name) => rm(join(folder, name))))
    return new StateLogs(
      folder,
      names.filter((name) => NAME.test(name)),
    )
  }

  /** The frames of every log, each up to the first that is not whole. */
  read(): Promise<Uint8Array[][]> {
    return Promise.all(this.#names.map(async (name) => framesOf(await readFile(join(this.#folder, name)))))
  }

  /** Begins another log. Resolves when it survives a loss of power. @throws DcmlError as `append` */
  async begin(frame: Uint8Array): Promise<void> {
    const before = this.#current
    try {
      this.#current = await this.#create(`state-${++this.#number}`, framed(frame))
      if (before !== undefined) await this.#keep(before.name, this.#current.name)
      await before?.file.close()
    } catch (cause) {
      throw writeFailed(this.#folder, cause)
    }
  }

  /**
   * Adds to the log that the last `begin` began.
   * @throws DcmlError `state_disk_full`, `state_write_failed`
   */
  async append(frame: Uint8Array): Promise<void> {
    const log = this.#current
    if (log === undefined) throw new Error('A frame follows another.')
    const bytes = framed(frame)
    try {
      await writeDurably(log.file, bytes, log.end)
      log.end += bytes.length
      await this.#keep(log.name)
    } catch (cause) {
      throw writeFailed(this.#folder, cause)
    }
  }

  /** Deletes all logs. */
  clear(): Promise<void> {
    return this.#keep()
  }

  async close(): Promise<void> {
    await this.#current?.file.close()
  }

  async #create(name: string, bytes: Uint8Array): Promise<{ name: string; file: FileHandle; end: number }> {
    const path = join(this.#folder, name)
    const file = await openDurable(`${path}.new`)
    try {
      await writeDurably(file, bytes, 0)
      await rename(`${path}.new`, path)
      await syncFolder(this.#folder)
    } catch (error) {
      await file.close()
      await rm(`${path}.new`, { force: true })
      throw error
    }
    this.#names = [...this.#names, name]
    return { name, file, end: bytes.length }
  }

  async #keep(...kept: readonly string[]): Promise<void> {
    if (this.#names.length === kept.length) return
    const gone = this.#names.filter((name) => !kept.includes(name))
    this.#names = kept
    await Promise.all(gone.map((name) => rm(join(this.#folder, name), { force: true })))
  }
}

async function syncFolder(folder: string): Promise<void> {
  // Windows opens no folders, and keeps renames in order by itself
  if (process.platform === 'win32') return
  const handle = await open(folder)
  await handle.sync().finally(() => handle.close())
}

function framed(frame: Uint8Array): Uint8Array {
  const length = new Uint8Array(4)
  new DataView(length.buffer).setUint32(0, frame.length)
  return concatBytes(length, frame)
}

function framesOf(bytes: Uint8Array): Uint8Array[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  const frames: Uint8Array[] = []
  for (let at = 0; at + 4 <= bytes.length; ) {
    const end = at + 4 + view.getUint32(at)
    if (end > bytes.length || end - at > MAX_FRAME) break
    frames.push(bytes.subarray(at + 4, end))
    at = end
  }
  return frames
}
