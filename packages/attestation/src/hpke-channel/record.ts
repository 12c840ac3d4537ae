// A message as it crosses: records of `u32 length | ciphertext`, the last of which says so. The highest bit of the length
// is that word, in the clear so that the reader knows what was authenticated, and authenticated so that nobody else says it.
import { concatBytes, utf8 } from '@dcml/protocol'
import { type Direction, directionByte, type Key } from './keys.ts'
import { channelPath, tampered, truncated, u64, VERSION } from './wire.ts'

/** Most bytes that one record holds. */
export const MAX_RECORD_BYTES = 65_536

const TAG_LENGTH = 16
/** Length of a full record once it is sealed. */
export const MAX_SEALED_BYTES: number = MAX_RECORD_BYTES + TAG_LENGTH
const FINAL = 0x8000_0000

/** Which message records belong to. */
export interface MessageId {
  readonly session: Uint8Array
  readonly direction: Direction
  readonly sequence: number
}

/** What is authenticated beside the bytes of a record: whose it is, which one it is, and whether any follows. */
function associated(
  { session, direction, sequence }: MessageId,
  counter: number,
  final: boolean,
): Uint8Array<ArrayBuffer> {
  const line = counter === 0 ? utf8(`POST ${channelPath(session)}`) : new Uint8Array()
  const flag = Uint8Array.of(final ? 1 : 0)
  return concatBytes(Uint8Array.of(VERSION), directionByte(direction), session, u64(sequence), u64(counter), flag, line)
}

const nonceOf = (counter: number): Uint8Array<ArrayBuffer> => concatBytes(new Uint8Array(4), u64(counter))

/** Seals the records of one message. A key is for one message. */
export class RecordSealer {
  readonly #key: Key
  readonly #id: MessageId
  #counter = 0

  constructor(key: Key, id: MessageId) {
    this.#key = key
    this.#id = id
  }

  /** Seals bytes as one record. Records are sent in the order of the calls. @param plain at most 65,536 bytes */
  async seal(plain: Uint8Array, final = false): Promise<Uint8Array<ArrayBuffer>> {
    const counter = this.#counter++
    const additionalData = associated(this.#id, counter, final)
    const parameters = { name: 'AES-GCM', iv: nonceOf(counter), additionalData }
    const sealed = new Uint8Array(await crypto.subtle.encrypt(parameters, this.#key, Uint8Array.from(plain)))
    const record = new Uint8Array(4 + sealed.length)
    new DataView(record.buffer).setUint32(0, (final ? FINAL : 0) + sealed.length)
    record.set(sealed, 4)
    return record
  }

  /** Seals any number of bytes, none included, as as many records as they need. */
  async sealAll(plain: Uint8Array): Promise<Uint8Array<ArrayBuffer>> {
    const records: Promise<Uint8Array>[] = []
    for (let at = 0; at < plain.length; at += MAX_RECORD_BYTES)
      records.push(this.seal(plain.subarray(at, at + MAX_RECORD_BYTES)))
    return concatBytes(...(await Promise.all(records)))
  }

  /** The record that ends the message. */
  end(): Promise<Uint8Array<ArrayBuffer>> {
    return this.seal(new Uint8Array(), true)
  }
}

interface SealedRecord {
  readonly final: boolean
  readonly sealed: Uint8Array
}

/** Cuts a stream of bytes, in whatever pieces it comes, into sealed records. Keeps at most one record. */
export class RecordSplitter {
  #parts: Uint8Array[] = []
  #size = 0
  /** Bytes without which the next record cannot be cut. */
  #wanted = 4
  #ended = false

  /** @throws DcmlError `channel_tampered`: a record too long or too short, or bytes after the last one */
  push(chunk: Uint8Array): SealedRecord[] {
    if (chunk.length === 0) return []
    if (this.#ended) throw tampered('bytes follow its end')
    this.#parts.push(chunk)
    this.#size += chunk.length
    if (this.#size < this.#wanted) return []
    return this.#cut(this.#parts.length === 1 ? chunk : concatBytes(...this.#parts))
  }

  #cut(bytes: Uint8Array): SealedRecord[] {
    const records: SealedRecord[] = []
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
    let at = 0
    this.#wanted = 4
    while (bytes.length - at >= 4) {
      if (this.#ended) throw tampered('bytes follow its end')
      const word = view.getUint32(at)
      const final = word >= FINAL
      const length = final ? word - FINAL : word
      if (length < TAG_LENGTH || length > MAX_SEALED_BYTES) throw tampered(`a record of ${length} bytes`)
      this.#wanted = 4 + length
      if (bytes.length - at < this.#wanted) break
      records.push({ final, sealed: bytes.subarray(at + 4, at + this.#wanted) })
      at += this.#wanted
      this.#wanted = 4
      this.#ended = final
    }
    if (this.#ended && at < bytes.length) throw tampered('bytes follow its end')
    this.#parts = at < bytes.length ? [bytes.slice(at)] : []
    this.#size = bytes.length - at
    return records
  }

  /** @throws DcmlError `channel_truncated` unless the final record was there */
  end(): void {
    if (!this.#ended) throw truncated()
  }
}

/** Opens the records of one message, in their order. */
export class RecordOpener {
  readonly #key: Key
  readonly #id: MessageId
  #counter = 0

  constructor(key: Key, id: MessageId) {
    this.#key = key
    this.#id = id
  }

  /** @throws DcmlError `channel_tampered`: it is not the next record of this message */
  async open({ sealed, final }: SealedRecord): Promise<Uint8Array<ArrayBuffer>> {
    const counter = this.#counter++
    const parameters = { name: 'AES-GCM', iv: nonceOf(counter), additionalData: associated(this.#id, counter, final) }
    try {
      return new Uint8Array(await crypto.subtle.decrypt(parameters, this.#key, Uint8Array.from(sealed)))
    } catch (cause) {
      throw tampered(`its record ${counter} does not open`, cause)
    }
  }
}
