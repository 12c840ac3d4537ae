// Receipts as JSON lines. Many receipts share the evidence of one connection, so it is written once and referred to by its
// hash; whoever reads the lines gets every record whole.
import { DcmlError } from '@dcml/protocol'
import * as v from 'valibot'
import { parseReceiptRecord, type ReceiptRecord } from './record.ts'

const lineSchema = v.union([
  v.strictObject({ evidenceH: v.string(), evidence: v.looseObject({}) }),
  v.strictObject({ evidenceH: v.string(), record: v.looseObject({}) }),
])

/** Reads lines in their order: a record refers to evidence in a line before it. */
export class ReceiptLines {
  readonly #evidence = new Map<string, unknown>()
  #number = 0

  /**
   * @returns the record of this line, where it holds one
   * @throws DcmlError `receipt_store_malformed`
   */
  read(text: string): ReceiptRecord | undefined {
    this.#number++
    try {
      const entry = v.parse(lineSchema, JSON.parse(text))
      if ('record' in entry)
        return parseReceiptRecord({ ...entry.record, evidence: this.#evidence.get(entry.evidenceH) })
      this.#evidence.set(entry.evidenceH, entry.evidence)
      return undefined
    } catch (cause) {
      throw new DcmlError('receipt_store_malformed', `Line ${this.#number} of the receipts cannot be read.`, {
        hint: 'The file was changed by something else. Move it away; receipts before that line are whole.',
        details: { line: this.#number },
        cause,
      })
    }
  }

  /** Number of the line that was read last, from 1. */
  get number(): number {
    return this.#number
  }
}

/**
 * The records of a whole file of receipts, as `fileReceipts` and `dcml chat --receipts` write it.
 * @throws DcmlError `receipt_store_malformed`; also where a crash cut off the last line
 */
export function parseReceipts(text: string): ReceiptRecord[] {
  const lines = new ReceiptLines()
  return text
    .split('\n')
    .filter((line) => line !== '')
    .flatMap((line) => lines.read(line) ?? [])
}
