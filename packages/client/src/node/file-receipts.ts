// Receipts as JSON lines. Many receipts share the evidence of one connection, so it is written once and referred to by its
// hash; whoever lists the file gets every record whole.
import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import type { EvidenceJson } from '@dcml/attestation'
import { DcmlError } from '@dcml/protocol'
import * as v from 'valibot'
import { parseReceiptRecord, type ReceiptRecord } from '../receipts/record.ts'
import type { ReceiptStore } from '../receipts/store.ts'

const BLOCK = 65_536
const LF = 10

const lineSchema = v.union([
  v.strictObject({ evidenceH: v.string(), evidence: v.looseObject({}) }),
  v.strictObject({ evidenceH: v.string(), record: v.looseObject({}) }),
])

/**
 * Keeps receipts in a file, readable by its owner alone. Each is on disk before its answer is handed over; a line that a
 * crash left half-written is dropped. One process may write to a file at a time.
 *
 * `add` throws DcmlError `receipt_store_failed`, `list` DcmlError `receipt_store_malformed`.
 */
export function fileReceipts(path: string): ReceiptStore {
  const written = new Set<string>()
  let last: Promise<void> = Promise.resolve()
  let repaired = false

  async function append({ evidence, ...record }: ReceiptRecord): Promise<void> {
    const evidenceH = createHash('sha256').update(JSON.stringify(evidence)).digest('hex')
    const lines = [JSON.stringify({ evidenceH, record })]
    if (!written.has(evidenceH)) lines.unshift(JSON.stringify({ evidenceH, evidence }))
    const file = await open(path, 'a+', 0o600)
    try {
      if (!repaired) await dropTornLine(file)
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
    async *list() {
      const evidence = new Map<string, unknown>()
      let number = 0
      for await (const line of wholeLines(path)) {
        number++
        const entry = readLine(line, number)
        if ('evidence' in entry) evidence.set(entry.evidenceH, entry.evidence)
        else yield restore(entry.record, evidence.get(entry.evidenceH), number)
      }
    },
  }
}

/** Lines that were written to their end. */
async function* wholeLines(path: string): AsyncGenerator<string> {
  let rest = ''
  try {
    for await (const chunk of createReadStream(path, 'utf8')) {
      const lines = (rest + chunk).split('\n')
      rest = lines.pop() ?? ''
      yield* lines
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
  }
}

function readLine(line: string, number: number): v.InferOutput<typeof lineSchema> {
  try {
    return v.parse(lineSchema, JSON.parse(line))
  } catch (cause) {
    throw malformed(number, cause)
  }
}

function restore(record: object, evidence: unknown, number: number): ReceiptRecord {
  try {
    return parseReceiptRecord({ ...record, evidence: evidence as EvidenceJson | undefined })
  } catch (cause) {
    throw malformed(number, cause)
  }
}

async function dropTornLine(file: FileHandle): Promise<void> {
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
  if (end < size) await file.truncate(end)
}

function rethrow(cause: NodeJS.ErrnoException): never {
  throw new DcmlError('receipt_store_failed', `The receipt could not be written (${cause.code ?? cause.name}).`, {
    hint: 'See whether the file of receipts can be written and its disk has room.',
    cause,
  })
}

const malformed = (line: number, cause: unknown): DcmlError =>
  new DcmlError('receipt_store_malformed', `Line ${line} of the receipts cannot be read.`, {
    hint: 'The file was changed by something else. Move it away; receipts before that line are whole.',
    details: { line },
    cause,
  })
