// A chain on disk: an image of it, then what it was told for every block since. Opening tells it again, and the same
// blocks come out; a process killed while writing loses at most the block it was writing.
import { closeSync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync, truncateSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { deserialize, serialize } from 'node:v8'
import { DcmlError } from '@dcml/protocol'
import { type Chain, type ChainClass, restoreChain } from './chain.ts'
import type { Faults } from './faults.ts'
import type { ChainListener } from './miner.ts'
import type { ChainOptions } from './options.ts'
import { frame, readRecords, startFile } from './records-file.ts'
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

/**
 * Opens the chain in a folder, or starts one there.
 * @param options must describe the same genesis as the first time; clock, mining and keepBlocks may change
 * @throws DcmlError `devchain_data_damaged`, `devchain_data_mismatch`, and what {@link Chain} throws
 */
export function openChain<T extends Chain>(Class: ChainClass<T>, folder: string, options: ChainOptions = {}): T {
  mkdirSync(folder, { recursive: true })
  const path = join(folder, 'chain.journal')
  const { records, end } = readRecords(readOrEmpty(path))
  const [image, ...blocks] = records
  const chain = image ? restoreChain(Class, image, options) : new Class(options)
  for (const payload of blocks) replay(chain, deserialize(payload) as BlockRecord)
  if (image) truncateSync(path, end)
  chain.listener = new Journal(
    path,
    chain,
    image ? { blocks: blocks.length, size: end, imageSize: image.length } : null,
  )
  return chain
}

function replay(chain: Chain, record: BlockRecord): void {
  chain.replay(record)
  if (chain.head.header.hash === record.hash) return
  throw new DcmlError('devchain_data_mismatch', `Block ${record.inputs.height} did not come out as it was saved.`, {
    hint: 'The folder was written by another version of the devchain: open it with that one.',
    details: { height: record.inputs.height },
  })
}

function readOrEmpty(path: string): Uint8Array {
  try {
    return readFileSync(path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return new Uint8Array()
    throw error
  }
}

class Journal implements ChainListener {
  readonly #path: string
  readonly #chain: Chain
  #file: number | undefined
  #blocks = 0
  #size = 0
  #imageSize = 0

  constructor(path: string, chain: Chain, existing: { blocks: number; size: number; imageSize: number } | null) {
    this.#path = path
    this.#chain = chain
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
    this.#size += writeSync(this.#file as number, frame(serialize(record)))
    this.#blocks++
    const logged = this.#size - this.#imageSize
    if (this.#blocks >= BLOCKS_PER_IMAGE && logged * IMAGE_PER_LOG > this.#imageSize) this.#writeImage()
  }

  rewritten(): void {
    this.#writeImage()
  }

  close(): void {
    if (this.#file !== undefined) closeSync(this.#file)
    this.#file = undefined
  }

  /** Beside the old file, then in its place: there is always a whole one. */
  #writeImage(): void {
    const image = this.#chain.image()
    const file = startFile(image)
    const fresh = openSync(`${this.#path}.new`, 'w')
    writeSync(fresh, file)
    fsyncSync(fresh)
    this.close()
    renameSync(`${this.#path}.new`, this.#path)
    this.#file = fresh
    this.#blocks = 0
    this.#imageSize = image.length
    this.#size = file.length
  }
}
