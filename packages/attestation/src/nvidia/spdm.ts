import { equalBytes } from '@dcml/protocol'
import { Cursor } from '../cursor.ts'
import { Refusal } from '../x509/der.ts'

/** Longest report that is read, in bytes: request, response, signature. */
export const MAX_GPU_REPORT_BYTES = 16_384

/** GET_MEASUREMENTS of SPDM 1.1, signed, all blocks; then the nonce, then slot 0 (DMTF DSP0274 1.1 §10.11). */
const REQUEST = Uint8Array.of(0x11, 0xe0, 0x01, 0xff)
/** MEASUREMENTS, slot 0. */
const RESPONSE = Uint8Array.of(0x11, 0x60, 0x00, 0x00)
const NONCE_BYTES = 32
const DIGEST_BYTES = 48
/** Index, specification, size of what follows; type and size of the DMTF measurement; the measurement. */
const BLOCK_HEADER_BYTES = 7
const SIGNATURE_BYTES = 96

/** What a device signed; nothing here is verified. */
export interface GpuReport {
  /** Request and response up to the signature: the signed bytes. */
  readonly signed: Uint8Array
  /** r‖s on P-384, over SHA-384. */
  readonly signature: Uint8Array
  /** The requester's nonce, 32 bytes. */
  readonly nonce: Uint8Array
  /** SHA-384 digests; SPDM numbers them from 1, RIMs from 0, as here. */
  readonly measurements: readonly Uint8Array[]
  /** NVIDIA's fields, as `readGpuFields` reads them. */
  readonly opaque: Uint8Array
}

/**
 * Reads a report: the 37 bytes of the SPDM 1.1 GET_MEASUREMENTS request, then the MEASUREMENTS response:
 * `11 60 00 00 | blocks u8 | length u24 | blocks | nonce 32 | length u16 | opaque | signature 96`, integers little
 * endian. Blocks are SHA-384 digests, numbered 1, 2, 3 and so on without a gap.
 * @throws Refusal
 */
export function readGpuReport(bytes: Uint8Array): GpuReport {
  if (bytes.length > MAX_GPU_REPORT_BYTES) throw new Refusal(`report: above ${MAX_GPU_REPORT_BYTES} bytes`)
  const reader = new Cursor(bytes, refuse)
  expect(reader, REQUEST, 'request is not GET_MEASUREMENTS of SPDM 1.1, signed, for all blocks')
  const nonce = reader.take(NONCE_BYTES)
  if (reader.uint(1) !== 0) throw new Refusal('report: request is not for slot 0')
  expect(reader, RESPONSE, 'response is not MEASUREMENTS of SPDM 1.1')
  const count = reader.uint(1)
  const length = reader.uint(3)
  if (count === 0 || length !== count * (BLOCK_HEADER_BYTES + DIGEST_BYTES))
    throw new Refusal(`report: ${length} bytes are not ${count} SHA-384 measurements`)
  const measurements = Array.from({ length: count }, (_, i) => readBlock(reader, i + 1))
  reader.take(NONCE_BYTES) // the responder's own
  const opaque = reader.take(reader.uint(2))
  const signed = bytes.subarray(0, reader.at)
  const signature = reader.take(SIGNATURE_BYTES)
  if (!reader.done) throw new Refusal('report: bytes after the signature')
  return { signed, signature, nonce, measurements, opaque }
}

/** A measurement block in DMTF's format whose value is a digest (DSP0274 1.1 §10.11.1.3). */
function readBlock(reader: Cursor, index: number): Uint8Array {
  if (reader.uint(1) !== index) throw new Refusal(`report: measurement ${index} is not at its place`)
  if (reader.uint(1) !== 1) throw new Refusal(`report: measurement ${index} is not in DMTF's format`)
  const size = reader.uint(2)
  const isDigest = (reader.uint(1) & 0x80) === 0
  if (size !== 3 + DIGEST_BYTES || !isDigest || reader.uint(2) !== DIGEST_BYTES)
    throw new Refusal(`report: measurement ${index} is not a SHA-384 digest`)
  return reader.take(DIGEST_BYTES)
}

function expect(reader: Cursor, bytes: Uint8Array, otherwise: string): void {
  if (!equalBytes(reader.take(bytes.length), bytes)) throw refuse(otherwise)
}

const refuse = (why: string): Refusal => new Refusal(`report: ${why}`)
