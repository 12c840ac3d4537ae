// What a node must know again after a crash: a file that is only appended to, one entry per group of records that
// became durable together. `u32 length | u32 CRC-32 of it | u32 CRC-32 of the rest | u64 clock | records`, little-endian.
import {
  closeSync,
  fdatasync,
  fsyncSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { crc32 } from 'node:zlib'
import { DcmlError } from '@dcml/protocol'
import type { Kept } from '../core/types.ts'
import { decodeKept, encodeKept } from '../wire/kept.ts'
import { lock } from './lock.ts'

const MAGIC = Buffer.from('dcml-por-journal-1\n')
const HEAD = 12
const TIME = 8
const datasync = promisify(fdatasync)

/** A file this much longer than its first entry, and than this, is worth writing anew. */
const GROWTH = 4
const SMALL = 4 * 1024 * 1024

/** What a journal held when it was opened. */
export interface Opened {
  readonly journal: Journal
  /** Records of all entries, in order. */
  readonly kept: readonly Kept[]
  /** The node's clock at the last of them; 0 before the first. */
  readonly clock: number
}

/** The records of one node, in a folder of its own. */
export class Journal {
  readonly #path: string
  readonly #release: () => void
  #file: number
  #size: number
  #first: number
  #isClosed = false

  private constructor(path: string, file: number, size: number, release: () => void) {
    this.#path = path
    this.#file = file
    this.#size = this.#first = size
    this.#release = release
  }

  /**
   * Opens or begins the journal in a folder, cutting off an entry that was never written to its end.
   * @throws DcmlError `por_store_busy`, `por_store_damaged`
   */
  static open(folder: string): Opened {
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    const path = join(folder, 'journal')
    const release = lock(join(folder, 'lock'))
    try {
      const { kept, clock, end } = readEntries(readIfThere(path))
      const file = openSync(path, 'a', 0o600)
      ftruncateSync(file, end)
      if (end === 0) writeFileSync(file, MAGIC)
      fsyncSync(file)
      syncFolder(folder)
      return { journal: new Journal(path, file, Math.max(end, MAGIC.length), release), kept, clock }
    } catch (error) {
      release()
      throw error
    }
  }

  /** Whether a snapshot would now be much shorter than the file. */
  get isLong(): boolean {
    return this.#size > SMALL && this.#size > GROWTH * this.#first
  }

  /** Resolves when the records are on disk. One at a time. @throws DcmlError `por_store_failed` */
  async append(records: readonly Kept[], clock: number): Promise<void> {
    await onDisk(async () => {
      const entry = entryOf(records, clock)
      writeFileSync(this.#file, entry)
      await datasync(this.#file)
      this.#size += entry.length
    })
  }

  /** Puts these records in the place of all before, which stay until the new file is whole. @throws as `append` */
  async replace(records: readonly Kept[], clock: number): Promise<void> {
    await onDisk(async () => {
      const entry = entryOf(records, clock)
      const fresh = openSync(`${this.#path}.new`, 'w', 0o600)
      writeFileSync(fresh, MAGIC)
      writeFileSync(fresh, entry)
      await datasync(fresh)
      renameSync(`${this.#path}.new`, this.#path)
      syncFolder(join(this.#path, '..'))
      closeSync(this.#file)
      this.#file = fresh
      this.#size = this.#first = MAGIC.length + entry.length
    })
  }

  close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    closeSync(this.#file)
    this.#release()
  }
}

function entryOf(records: readonly Kept[], clock: number): Buffer {
  const body = encodeKept(records)
  const entry = Buffer.alloc(HEAD + TIME + body.length)
  entry.writeUInt32LE(TIME + body.length)
  entry.writeBigUInt64LE(BigInt(clock), HEAD)
  entry.set(body, HEAD + TIME)
  entry.writeUInt32LE(crc32(entry.subarray(0, 4)), 4)
  entry.writeUInt32LE(crc32(entry.subarray(HEAD)), 8)
  return entry
}

function readEntries(file: Buffer): { readonly kept: readonly Kept[]; readonly clock: number; readonly end: number } {
  const start = file.subarray(0, MAGIC.length)
  if (!MAGIC.subarray(0, start.length).equals(start)) throw damaged('This is no journal of a node.')
  if (start.length < MAGIC.length) return { kept: [], clock: 0, end: 0 }
  const kept: Kept[] = []
  let clock = 0
  let end = MAGIC.length
  while (end < file.length) {
    const entry = entryAt(file, end)
    if (entry === null) break
    for (const record of decodeKept(entry.subarray(TIME))) kept.push(record)
    clock = Number(entry.readBigUInt64LE())
    end += HEAD + entry.length
  }
  return { kept, clock, end }
}

/**
 * Each entry was durable before the next was begun, so only the last can be torn.
 * @returns null for a torn one @throws DcmlError `por_store_damaged` for one that others follow
 */
function entryAt(file: Buffer, at: number): Buffer | null {
  const head = file.subarray(at, at + HEAD)
  if (head.length < HEAD) return null
  const isHead = crc32(head.subarray(0, 4)) === head.readUInt32LE(4)
  const end = isHead ? at + HEAD + head.readUInt32LE(0) : at + HEAD
  const entry = file.subarray(at + HEAD, end)
  if (isHead && end <= file.length && entry.length >= TIME && crc32(entry) === head.readUInt32LE(8)) return entry
  // what was made longer but never written is zero
  if (end >= file.length || file.subarray(end).every((byte) => byte === 0)) return null
  throw damaged(`The entry at byte ${at} of the journal is damaged.`)
}

function readIfThere(path: string): Buffer {
  try {
    return readFileSync(path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return Buffer.alloc(0)
    throw error
  }
}

/** A name is on disk when its folder is. */
function syncFolder(folder: string): void {
  const file = openSync(folder, 'r')
  fsyncSync(file)
  closeSync(file)
}

/** Names what the disk refused. */
async function onDisk(act: () => Promise<void>): Promise<void> {
  try {
    await act()
  } catch (cause) {
    if (!(cause instanceof Error && 'syscall' in cause)) throw cause
    throw new DcmlError('por_store_failed', `The journal cannot be written: ${cause.message}`, {
      hint: 'Make room on the disk and start the node again: what it promised before is whole.',
      cause,
    })
  }
}

const damaged = (message: string): DcmlError =>
  new DcmlError('por_store_damaged', message, {
    hint: 'Restore the disk, or let the edges be closed by their other ends: without its vouchers a node loses what it was paid.',
  })
