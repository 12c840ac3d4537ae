import type { ReceiptRecord } from './record.ts'

/** Where receipts are kept. */
export interface ReceiptStore {
  /** Keeps a record. It is kept for good, as far as the store can do that, when this resolves. */
  add(record: ReceiptRecord): Promise<void>
  /** All records, oldest first. */
  list(): AsyncIterable<ReceiptRecord>
}

/** Keeps the newest receipts, for as long as the process lives. */
export function memoryReceipts(limit = 1000): ReceiptStore {
  const records: ReceiptRecord[] = []
  return {
    async add(record) {
      records.push(record)
      if (records.length > limit) records.shift()
    },
    async *list() {
      yield* records.slice()
    },
  }
}
