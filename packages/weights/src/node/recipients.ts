import { constants, type FileHandle, open, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { type ContainerHeader, encodeFrame } from '../header.ts'
import { keyId } from '../keys.ts'
import { align, layoutOf } from '../layout.ts'
import { unwrapKey, wrapKey } from '../wrap.ts'
import { dropPendingHeader, type OpenContainer, openContainer, pendingHeaderPath } from './container.ts'
import { createNew, readFully, syncFolder, writeFully } from './io.ts'

const COPY_SIZE = 4_194_304

/**
 * Lets one more key open a container, without encrypting anything again: the header is bound without its wraps.
 * Crash-safe. Mostly only the header is written; when its padding is used up (after about 15 recipients of a
 * one-file model) the container is copied beside itself and replaced.
 * @param options.sk secret key of a recipient
 * @param options.recipient X25519 public key, 32 bytes
 * @returns the new header; the old one when the key could open the container already
 * @throws DcmlError those of {@link inspectContainer}, `container_wrong_key`, `container_header_tampered`,
 * `model_key_malformed`, `no_space`
 */
export async function addRecipient({
  container,
  sk,
  recipient,
}: {
  container: string
  sk: Uint8Array
  recipient: Uint8Array
}): Promise<ContainerHeader> {
  const opened = await openContainer(container)
  const { file, header, layout } = opened
  try {
    const cek = await unwrapKey(header, sk)
    try {
      if (header.wraps.some(({ kid }) => kid === keyId(recipient))) return header
      const next = { ...header, wraps: [...header.wraps, await wrapKey(header, cek, recipient)] }
      if (align(encodeFrame(next).length) === layout.dataOffset) await replaceHeader(container, next)
      else await rewrite(container, opened, next)
      return next
    } finally {
      cek.fill(0)
    }
  } finally {
    await file.close()
  }
}

/**
 * A write of several sectors can be torn by a crash, so the new header is on disk beside the container first; readers
 * turn to it when the one in place cannot be read.
 */
async function replaceHeader(container: string, header: ContainerHeader): Promise<void> {
  const frame = encodeFrame(header)
  const pending = pendingHeaderPath(container)
  const draft = `${pending}.partial` // an earlier pending header may be the only whole one
  await writeAndClose(await createNew(draft), frame)
  await rename(draft, pending)
  await syncFolder(dirname(pending))
  await writeAndClose(await open(container, constants.O_RDWR | constants.O_NONBLOCK), frame)
  await dropPendingHeader(container)
}

async function writeAndClose(file: FileHandle, frame: Uint8Array): Promise<void> {
  try {
    await writeFully(file, frame, 0)
    await file.sync()
  } finally {
    await file.close()
  }
}

async function rewrite(container: string, { file, layout }: OpenContainer, header: ContainerHeader): Promise<void> {
  const copy = `${container}.rewrite`
  const { mode } = await file.stat()
  const target = await createNew(copy, mode)
  try {
    const { dataOffset, fileSize } = layoutOf(header)
    await writeFully(target, encodeFrame(header), 0)
    await copyFrom(file, layout.dataOffset, target, dataOffset)
    await target.truncate(fileSize)
    await target.sync()
    await target.close()
    await rename(copy, container)
    await dropPendingHeader(container)
  } catch (error) {
    await target.close().catch(() => {})
    await rm(copy, { force: true })
    throw error
  }
}

async function copyFrom(from: FileHandle, start: number, to: FileHandle, at: number): Promise<void> {
  const buffer = new Uint8Array(COPY_SIZE)
  for (let done = 0; ; ) {
    const size = await readFully(from, buffer, start + done)
    if (size === 0) return
    await writeFully(to, buffer.subarray(0, size), at + done)
    done += size
  }
}
