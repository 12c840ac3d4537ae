// Records in a file that is only appended to: length, checksum, payload. Whatever a killed process left half written
// is recognised and cut off.
import { DcmlError } from '@dcml/protocol'
import { sha256 } from '../wire/hash.ts'

const MAGIC = Buffer.from('devchain1\n')
const CHECKSUM = 8
const HEAD = 4 + CHECKSUM

/** A file with these records; the first append needs it too. */
export const startFile = (...payloads: readonly Uint8Array[]): Uint8Array =>
  Buffer.concat([MAGIC, ...payloads.map(frame)])

/** One record, to be appended in a single write. */
export function frame(payload: Uint8Array): Uint8Array {
  const head = Buffer.alloc(HEAD)
  head.writeUInt32LE(payload.length)
  head.set(sha256(payload).subarray(0, CHECKSUM), 4)
  return Buffer.concat([head, payload])
}

/**
 * Whole records from the start of a file, and where they end. Bytes after that are the start of a record whose rest
 * was never written.
 * @throws DcmlError `devchain_data_damaged` where a record is wrong although others follow it, or on another file
 */
export function readRecords(file: Uint8Array): { readonly records: readonly Uint8Array[]; readonly end: number } {
  const bytes = Buffer.from(file.buffer, file.byteOffset, file.byteLength)
  const start = bytes.subarray(0, MAGIC.length)
  if (!MAGIC.subarray(0, start.length).equals(start)) throw damaged('This is no file of a devchain.')
  if (start.length < MAGIC.length) return { records: [], end: 0 }
  const records: Uint8Array[] = []
  let end = MAGIC.length
  while (bytes.length >= end + HEAD) {
    const next = end + HEAD + bytes.readUInt32LE(end)
    if (next > bytes.length) break
    const payload = bytes.subarray(end + HEAD, next)
    if (!bytes.subarray(end + 4, end + HEAD).equals(sha256(payload).subarray(0, CHECKSUM))) {
      if (next === bytes.length) break
      throw damaged(`Record ${records.length} of the file is damaged.`)
    }
    records.push(payload)
    end = next
  }
  return { records, end }
}

const damaged = (message: string): DcmlError =>
  new DcmlError('devchain_data_damaged', message, {
    hint: 'Restore the file from a copy, or delete it to start the chain anew.',
  })
