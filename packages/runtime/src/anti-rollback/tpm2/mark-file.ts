import { createHash } from 'node:crypto'
import type { FileHandle } from 'node:fs/promises'
import type { Mark } from '@dcml/channels'
import { bytes32, concatBytes, decode, encode, equalBytes, struct, u64 } from '@dcml/protocol'
import { openDurable, writeDurably, writeFailed } from '../../state/durable.ts'

const markLayout = struct({ counter: u64, digest: bytes32 })
/** A step about to be taken: what the index held before the mark of now, that mark, and the next one. */
const stepLayout = struct({ before: bytes32, present: markLayout, next: markLayout })
const STEP_BYTES = 112
const SLOT_BYTES = 128
/** Two copies that write at the same time seldom hit one slot, and nobody that of the step before. */
const SLOTS = 32

export interface Step {
  readonly before: Uint8Array
  readonly present: Mark
  readonly next: Mark
}

/** Where the chain of marks stands. */
export interface Standing {
  /** What the index held before this mark was put on it; zeros before the first. */
  readonly before: Uint8Array
  readonly mark: Mark
}

/** What is hashed into the index for a mark: 8 bytes of counter, big-endian, and the digest. */
export function stepData({ counter, digest }: Mark): Uint8Array {
  const number = new Uint8Array(8)
  new DataView(number.buffer).setBigUint64(0, counter)
  return concatBytes(number, digest)
}

/** What the index holds after a step (Part 3 §31.5). */
export const extended = (before: Uint8Array, mark: Mark): Uint8Array =>
  createHash('sha256').update(before).update(stepData(mark)).digest()

/**
 * The last steps, in the clear: an index holds a hash only, and this says of what. Nothing in it is believed unless it
 * leads to the value of the index.
 */
export class MarkFile {
  readonly #path: string
  readonly #file: FileHandle

  private constructor(path: string, file: FileHandle) {
    this.#path = path
    this.#file = file
  }

  /** @throws DcmlError `state_write_failed` */
  static async open(path: string): Promise<MarkFile> {
    try {
      return new MarkFile(path, await openDurable(path))
    } catch (cause) {
      throw writeFailed(path, cause)
    }
  }

  /** The mark that leads to `value`, where a step in the file says so. */
  async find(value: Uint8Array): Promise<Standing | undefined> {
    const length = 2 * SLOTS * SLOT_BYTES
    const { buffer, bytesRead } = await this.#file.read(new Uint8Array(length), 0, length, 0)
    for (let at = 0; at + STEP_BYTES <= bytesRead; at += SLOT_BYTES) {
      const { before, present, next } = decode(stepLayout, buffer.subarray(at, at + STEP_BYTES))
      const middle = present.counter === 0n ? before : extended(before, present)
      if (equalBytes(extended(middle, next), value)) return { before: middle, mark: next }
      if (present.counter !== 0n && equalBytes(middle, value)) return { before, mark: present }
    }
    return undefined
  }

  /** Resolves when the step survives a loss of power. @throws DcmlError `state_disk_full`, `state_write_failed` */
  async write(step: Step): Promise<void> {
    const slot = Number(step.next.counter % 2n) * SLOTS + (step.next.digest[0]! % SLOTS)
    try {
      await writeDurably(this.#file, encode(stepLayout, step), slot * SLOT_BYTES)
    } catch (cause) {
      throw writeFailed(this.#path, cause)
    }
  }

  close(): Promise<void> {
    return this.#file.close()
  }
}
