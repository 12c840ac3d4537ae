import { DcmlError } from '@dcml/protocol'
import { openContainer } from './container.ts'
import { readFully } from './io.ts'
import { type OpenOptions, unlock } from './open.ts'

export interface RangeOptions extends Pick<OpenOptions, 'container' | 'sk' | 'expectedModelH'> {
  /** Path of a file in the model. */
  path: string
  /** First byte within the file. */
  offset: number
  /** Bytes; the range must lie within the file. */
  length: number
}

/**
 * Reads part of one file and decrypts only the segments it touches, for instance the header of a GGUF. Tags prove that
 * these bytes were sealed by a holder of the content key at this place of this container. That they belong to modelH
 * is proven only by opening all of it.
 * @throws DcmlError `container_range_invalid`, and those of {@link openModel} but `container_root_mismatch`,
 * `container_file_mismatch` and `no_space`
 */
export async function readRange({ path, offset, length, ...options }: RangeOptions): Promise<Uint8Array> {
  const { file, header, layout } = await openContainer(options.container)
  try {
    const entry = header.files.find((candidate) => candidate.path === path)
    const valid = Number.isSafeInteger(offset) && Number.isSafeInteger(length) && offset >= 0 && length >= 0
    if (entry === undefined || !valid || offset + length > entry.size)
      throw new DcmlError('container_range_invalid', `The container has no such part of ${JSON.stringify(path)}.`, {
        hint: 'Look up files and sizes with inspectContainer.',
        details: { path, offset, length, size: entry?.size ?? 0 },
      })
    const cipher = await unlock(header, options)
    try {
      const out = new Uint8Array(length)
      const start = entry.offset + offset
      for (let done = 0; done < length; ) {
        const place = layout.segment(Math.floor((start + done) / header.segSize))
        const sealed = new Uint8Array(place.size)
        const plain = new Uint8Array(place.plainSize)
        await readFully(file, sealed, place.offset)
        await cipher.open(place.index, sealed, plain)
        const from = start + done - place.plainOffset
        const part = plain.subarray(from, from + length - done)
        out.set(part, done)
        done += part.length
        plain.fill(0)
      }
      return out
    } finally {
      cipher.destroy()
    }
  } finally {
    await file.close()
  }
}
