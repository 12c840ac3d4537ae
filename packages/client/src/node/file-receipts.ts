// A file of receipts that survives crashes.
import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { DcmlError } from '@dcml/protocol'
import { ReceiptLines } from '../receipts/lines.ts'
import type { ReceiptRecord } from '../receipts/record.ts'
import type { ReceiptStore } from '../receipts/store.ts'

const BLOCK = 65_536
const LF = 10

/** How every line begins that is written here. */
const START = '{"evidenceH":"'

export interface FileReceiptsOptions {
  /** Told by `list` where the last line was not written to its end: a receipt, or its evidence, that a crash cut off. */
  readonly onTorn?: (line: number) => void
}

/**
 * Keeps receipts in a file, readable by its owner alone. Each is on disk before its answer is handed over; a line that a
 * crash left half-written is dropped by the next `add`, in a file of nothing but receipts. One process may write to a file
 * at a time.
 *
 * `add` throws DcmlError `receipt_store_failed` or, before it would cut what is no receipt, `receipt_store_malformed`;
 * `list` throws the latter.
 */
export function fileReceipts(path: string, { onTorn }: FileReceiptsOptions = {}): ReceiptStore {
  const written = new Set<string>()
  let last: Promise<void> = Promise.resolve()
  let repaired = false

  async function append({ evidence, ...record }: ReceiptRecord): Promise<void> {
    const evidenceH = createHash('sha256').update(JSON.stringify(evidence)).digest('hex')
    const lines = [JSON.stringify({ evidenceH, record })]
    if (!written.has(evidenceH)) lines.unshift(JSON.stringify({ evidenceH, evidence }))
    const file = await open(path, 'a+', 0o600)
    try {
      if (!repaired) await dropTornLine(file, path)
      repaired = true
      await file.writeFile(`${lines.join('\n')}\n`)
      await file.datasync()
      written.add(evidenceH)
    } catch (error) {
      // part of the lines may be there
      repaired = false
      throw error
    } finally {
      await file.close()
    }
  }

  return {
    add(record) {
      const added = last.then(() => append(record)).catch(rethrow)
      last = added.catch(() => {})
      return added
    },
    list: () => readRecords(path, onTorn),
  }
}

async function* readRecords(path: string, onTorn?: (line: number) => void): AsyncGenerator<ReceiptRecord> {
  const lines = new ReceiptLines()
  for await (const { text, whole } of linesOf(path)) {
    if (!whole && isTorn(text)) {
      onTorn?.(lines.number + 1)
      continue
    }
    const record = lines.read(text)
    if (record !== undefined) yield record
  }
}

/** Whether this can be the beginning of a line that was to be written. A power cut can leave zeros where bytes were due. */
const isTorn = (text: string): boolean => START.startsWith(text.replace(/\0+$/, '').slice(0, START.length))

/** All lines; the last is not whole where it was not written to its end. */
async function* linesOf(path: string): AsyncGenerator<{ text: string; whole: boolean }> {
  let rest = ''
  try {
    for await (const chunk of createReadStream(path, 'utf8')) {
      const lines = (rest + chunk).split('\n')
      rest = lines.pop() ?? ''
      for (const text of lines) yield { text, whole: true }
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
  }
  if (rest !== '') yield { text: rest, whole: false }
}

async function dropTornLine(file: FileHandle, path: string): Promise<void> {
  const { size } = await file.stat()
  const block = Buffer.alloc(BLOCK)
  let end = size
  while (end > 0) {
    const start = Math.max(0, end - BLOCK)
    const { bytesRead } = await file.read(block, 0, end - start, start)
    const at = block.subarray(0, bytesRead).lastIndexOf(LF)
    if (at !== -1) {
      end = start + at + 1
      break
    }
    end = start
  }
  if (end === size) return
  // whoever gave the path of another file must not lose a line of it
  for await (const _ of readRecords(path));
  await file.truncate(end)
}

function rethrow(cause: NodeJS.ErrnoException): never {
  if (DcmlError.isInstance(cause)) throw cause
  throw new DcmlError('receipt_store_failed', `The receipt could not be written (${cause.code ?? cause.name}).`, {
    hint: 'See whether the file of receipts can be written and its disk has room.',
    cause,
  })
}
