import { constants, type FileHandle, open, rm } from 'node:fs/promises'
import { DcmlError } from '@dcml/protocol'
import {
  type ContainerHeader,
  encodeFrame,
  frameSize,
  malformed,
  notDcmw,
  PREAMBLE_SIZE,
  parseFrame,
  truncated,
} from '../header.ts'
import { type ContainerLayout, layoutOf } from '../layout.ts'
import { readFully, rethrowMissing } from './io.ts'

/** A container that is open for reading. */
export interface OpenContainer {
  file: FileHandle
  header: ContainerHeader
  layout: ContainerLayout
}

/** Where a new header waits while it replaces the old one, see {@link addRecipient}. */
export const pendingHeaderPath = (container: string): string => `${container}.header`

/**
 * Reads the header of a container without opening it: files, sizes, modelH, recipients, metadata. Checks its form, not
 * its keys or content.
 * @throws DcmlError `container_not_found`, `container_not_dcmw`, `container_version_unsupported`,
 * `container_suite_unsupported`, `container_malformed`, `container_truncated`, `container_trailing_bytes`,
 * `model_path_refused`
 */
export async function inspectContainer(path: string): Promise<ContainerHeader> {
  const { file, header } = await openContainer(path)
  await file.close()
  return header
}

/** As {@link inspectContainer}; the caller closes the file. */
export async function openContainer(path: string): Promise<OpenContainer> {
  const file = await openFile(path).catch(rethrowMissing('container_not_found', path))
  try {
    const header = await readHeader(file).catch(async (error) => {
      const pending = await openFile(pendingHeaderPath(path)).catch(() => undefined)
      if (pending === undefined) throw error
      return readFrame(pending).finally(() => pending.close())
    })
    const layout = layoutOf(header)
    checkSize((await file.stat()).size, layout.fileSize)
    return { file, header, layout }
  } catch (error) {
    await file.close()
    throw error
  }
}

/** Opens a plain file. Opening a pipe would wait for its other end, and a device may have no end. */
async function openFile(path: string): Promise<FileHandle> {
  const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK)
  if ((await file.stat()).isFile()) return file
  await file.close()
  throw notDcmw()
}

export async function readHeader(file: FileHandle): Promise<ContainerHeader> {
  const header = await readFrame(file)
  const size = encodeFrame(header).length
  const padding = new Uint8Array(layoutOf(header).dataOffset - size)
  if ((await readFully(file, padding, size)) < padding.length) throw truncated(size + padding.length, size)
  if (padding.some((byte) => byte !== 0)) throw malformed('the padding is not zero')
  return header
}

/** Takes no more memory than the largest header that is allowed, whatever the file holds. */
async function readFrame(file: FileHandle): Promise<ContainerHeader> {
  const preamble = new Uint8Array(PREAMBLE_SIZE)
  const frame = new Uint8Array(frameSize(preamble.subarray(0, await readFully(file, preamble, 0))))
  return parseFrame(frame.subarray(0, await readFully(file, frame, 0)))
}

/** Removes what an interrupted change of the header left. */
export const dropPendingHeader = (container: string): Promise<void> => rm(pendingHeaderPath(container), { force: true })

function checkSize(actual: number, expected: number): void {
  if (actual < expected) throw truncated(expected, actual)
  if (actual > expected)
    throw new DcmlError('container_trailing_bytes', `The container has ${actual - expected} bytes too many.`, {
      hint: 'Fetch the container again.',
      details: { expected, actual },
    })
}
