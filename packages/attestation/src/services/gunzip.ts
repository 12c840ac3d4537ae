import { concatBytes } from '@dcml/protocol'
import { Refusal } from '../x509/der.ts'

/**
 * Decompresses gzip (RFC 1952), giving up as soon as more than `max` bytes have come out: a bomb costs no more than that
 * and what the platform's decoder holds at a time. Throws `Refusal`.
 */
export async function gunzip(bytes: Uint8Array, max: number): Promise<Uint8Array> {
  const source = new Blob([bytes as Uint8Array<ArrayBuffer>]).stream()
  const reader = source.pipeThrough(new DecompressionStream('gzip')).getReader()
  const chunks: Uint8Array[] = []
  let length = 0
  try {
    for (;;) {
      const { done, value } = await reader.read()
      if (done) return concatBytes(...chunks)
      length += value.length
      if (length > max) break
      chunks.push(value)
    }
  } catch {
    throw new Refusal('the compressed report is not gzip')
  }
  reader.cancel().catch(() => {})
  throw new Refusal(`the compressed report holds more than ${max} bytes`)
}
