import type { ReceiptRecord } from './record.ts'

/** Where receipts are kept. */
export interface ReceiptStore {
  /** Keeps a record. It is kept for good, as far as the store can do that, when this resolves. */
  add(record: ReceiptRecord): Promise<void>
  /** All records, oldest first. */
  list(): AsyncIterable<ReceiptRecord>
}

/** Keeps receipts for as long as the process lives. */
export function memoryReceipts(): ReceiptStore {
  const records: ReceiptRecord[] = []
  return {
    async add(record) {
      records.push(record)
    },
    async *list() {
      yield* records.slice()
    },
  }
}
