// Writes a chain to its file, block by block, so that there is always a whole one to open.
import { closeSync, fsyncSync, ftruncateSync, openSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { serialize } from 'node:v8'
import { DcmlError } from '@dcml/protocol'
import type { Chain } from './chain.ts'
import type { Faults } from './faults.ts'
import type { ChainListener } from './miner.ts'
import { frame, startFile } from './records-file.ts'
import type { BlockInputs, Tip } from './tip.ts'

/** Blocks after which a new image is worth its writing, if the old one is not far larger than they are. */
const BLOCKS_PER_IMAGE = 1000
const IMAGE_PER_LOG = 8

/** One block, as it can be made again. */
export interface BlockRecord {
  readonly inputs: Omit<BlockInputs, 'fault'>
  readonly decided: Faults['decided']
  readonly clock: Chain['clockState']
  readonly hash: string
}

/** Names what the disk refused. @throws DcmlError `devchain_write_failed` */
export function onDisk<T>(act: () => T): T {
  try {
    return act()
  } catch (cause) {
    if (!(cause instanceof Error && 'syscall' in cause)) throw cause
    throw new DcmlError('devchain_write_failed', `The chain cannot be kept on disk: ${cause.message}`, {
      hint: 'Make room, or give a folder this process may write to. What was written before is whole.',
      retryable: true,
      cause,
    })
  }
}

/** Told of every block of a chain that has a file. */
export class Journal implements ChainListener {
  readonly #path: string
  readonly #chain: Chain
  readonly #release: () => void
  #file: number | undefined
  #blocks = 0
  #size = 0
  #imageSize = 0
  /** The file lacks something that happened, so nothing can be appended to it. */
  #behind = false

  constructor(
    path: string,
    chain: Chain,
    existing: { blocks: number; size: number; imageSize: number } | null,
    release: () => void,
  ) {
    this.#path = path
    this.#chain = chain
    this.#release = release
    if (existing) {
      this.#blocks = existing.blocks
      this.#size = existing.size
      this.#imageSize = existing.imageSize
      this.#file = openSync(path, 'a')
    } else this.#writeImage()
  }

  block(tip: Tip, { fault: _, ...inputs }: BlockInputs, decided: Faults['decided']): void {
    const { clockState: clock } = this.#chain
    const record: BlockRecord = { inputs, decided, clock, hash: tip.block.header.hash }
    this.#keep(() => {
      if (this.#behind) this.#writeImage()
      else this.#append(frame(serialize(record)))
      this.#blocks++
    })
    const logged = this.#size - this.#imageSize
    if (this.#blocks >= BLOCKS_PER_IMAGE && logged * IMAGE_PER_LOG > this.#imageSize) this.#shorten()
  }

  rewritten(): void {
    this.#keep(() => this.#writeImage())
  }

  close(): void {
    try {
      if (this.#behind) this.rewritten()
    } finally {
      this.#closeFile()
      this.#release()
    }
  }

  #closeFile(): void {
    if (this.#file !== undefined) closeSync(this.#file)
    this.#file = undefined
  }

  /** What cannot be written now is in the image that the next write begins with. */
  #keep(write: () => void): void {
    try {
      onDisk(write)
      this.#behind = false
    } catch (error) {
      this.#behind = true
      throw error
    }
  }

  #append(record: Uint8Array): void {
    const file = this.#file as number
    try {
      writeFileSync(file, record)
      this.#size += record.length
    } catch (error) {
      // a full disk may have taken half of it
      ftruncateSync(file, this.#size)
      throw error
    }
  }

  /** Where there is no room for both files the old one serves as well, and is tried again as many blocks later. */
  #shorten(): void {
    try {
      onDisk(() => this.#writeImage())
    } catch {
      this.#blocks = 0
    }
  }

  /** Beside the old file, then in its place: there is always a whole one. */
  #writeImage(): void {
    const image = this.#chain.image()
    const file = startFile(image)
    const fresh = openSync(`${this.#path}.new`, 'w')
    try {
      writeFileSync(fresh, file)
      fsyncSync(fresh)
      renameSync(`${this.#path}.new`, this.#path)
    } catch (error) {
      closeSync(fresh)
      rmSync(`${this.#path}.new`, { force: true })
      throw error
    }
    this.#closeFile()
    this.#file = fresh
    this.#blocks = 0
    this.#imageSize = image.length
    this.#size = file.length
  }
}
