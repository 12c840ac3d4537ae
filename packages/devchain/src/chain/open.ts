// A chain on disk: an image of it, then what it was told for every block since. Opening tells it again, and the same
// blocks come out; a process killed while writing loses at most the block it was writing.
import { mkdirSync, readFileSync, truncateSync } from 'node:fs'
import { join } from 'node:path'
import { deserialize } from 'node:v8'
import { DcmlError } from '@dcml/protocol'
import { type Chain, type ChainClass, restoreChain } from './chain.ts'
import { type BlockRecord, Journal, onDisk } from './journal.ts'
import { lock } from './lock.ts'
import type { ChainOptions } from './options.ts'
import { readRecords } from './records-file.ts'

/**
 * Opens the chain in a folder, or starts one there.
 * @param options must describe the same genesis as the first time; clock, mining and keepBlocks may change
 * @throws DcmlError `devchain_data_in_use`, `devchain_data_damaged`, `devchain_data_mismatch`, `devchain_write_failed`,
 * and what {@link Chain} throws
 */
export function openChain<T extends Chain>(Class: ChainClass<T>, folder: string, options: ChainOptions = {}): T {
  const release = onDisk(() => {
    mkdirSync(folder, { recursive: true })
    return lock(join(folder, 'lock'))
  })
  try {
    return onDisk(() => openLocked(Class, join(folder, 'chain.journal'), options, release))
  } catch (error) {
    release()
    throw error
  }
}

function openLocked<T extends Chain>(
  Class: ChainClass<T>,
  path: string,
  options: ChainOptions,
  release: () => void,
): T {
  const { records, end } = readRecords(readOrEmpty(path))
  const [image, ...blocks] = records
  const chain = image ? restoreChain(Class, image, options) : new Class(options)
  try {
    for (const payload of blocks) replay(chain, deserialize(payload) as BlockRecord)
    if (image) truncateSync(path, end)
    const existing = image ? { blocks: blocks.length, size: end, imageSize: image.length } : null
    chain.listener = new Journal(path, chain, existing, release)
    return chain
  } catch (error) {
    chain.close()
    throw error
  }
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
