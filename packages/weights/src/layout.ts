import { TAG_SIZE } from './crypto.ts'
import { type ContainerHeader, encodeFrame } from './header.ts'

const ALIGNMENT = 4096

/** Where one segment lies. All numbers are bytes, but for `index`. */
export interface SegmentPlace {
  readonly index: number
  /** Offset in the plaintext. */
  readonly plainOffset: number
  readonly plainSize: number
  /** Offset in the container. */
  readonly offset: number
  /** Size in the container, with the tag. */
  readonly size: number
}

/** Where everything lies in a container: fixed segment size, so any byte is found without reading others. */
export interface ContainerLayout {
  /** Where segment 0 starts: the header frame, padded to 4096. */
  readonly dataOffset: number
  /** Number of segments, at least 1: a model without a byte has one empty segment, so that its end is signed too. */
  readonly segments: number
  /** Size of the whole container. */
  readonly fileSize: number
  segment(index: number): SegmentPlace
}

export const segmentCount = (plainSize: number, segSize: number): number => Math.max(1, Math.ceil(plainSize / segSize))

/** Rounds up to the alignment of the first segment. */
export const align = (size: number): number => Math.ceil(size / ALIGNMENT) * ALIGNMENT

export function layoutOf(header: ContainerHeader): ContainerLayout {
  const { plainSize, segSize } = header
  const dataOffset = align(encodeFrame(header).length)
  const segments = segmentCount(plainSize, segSize)
  return {
    dataOffset,
    segments,
    fileSize: dataOffset + plainSize + segments * TAG_SIZE,
    segment(index) {
      if (!Number.isInteger(index) || index < 0 || index >= segments)
        throw new RangeError(`There is no segment ${index}`)
      const plainOffset = index * segSize
      const size = Math.min(segSize, plainSize - plainOffset)
      const offset = dataOffset + index * (segSize + TAG_SIZE)
      return { index, plainOffset, plainSize: size, offset, size: size + TAG_SIZE }
    },
  }
}
