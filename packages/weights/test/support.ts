import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { concatBytes, DcmlError } from '@dcml/protocol'
import { onTestFinished } from 'vitest'
import type { WriteSink } from '../src/node/sink.ts'

export { pattern, writeModel } from './models.ts'

/** Smallest segment size: lets models of a few KiB have many segments. */
export const SMALL = 1024

export async function tempFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'dcml-weights-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  return folder
}

/** Keeps what comes out of a container, copied at once as the contract of sinks asks. */
export class Collector {
  readonly files = new Map<string, Uint8Array[]>()
  closed = 0

  readonly into = ({ path }: { path: string }): WriteSink => {
    const chunks: Uint8Array[] = []
    this.files.set(path, chunks)
    return {
      write: (bytes) => {
        chunks.push(bytes.slice())
      },
      close: () => {
        this.closed++
      },
    }
  }

  /** Everything that left, in order. */
  get bytes(): Uint8Array {
    return concatBytes(...[...this.files.values()].flat())
  }

  file(path: string): Uint8Array {
    return concatBytes(...this.files.get(path)!)
  }
}

/** Code of the DcmlError that a promise rejects with; fails the test when it is another error or none. */
export async function codeOf(promise: Promise<unknown>): Promise<string> {
  const error = await promise.then(
    () => new Error('it did not reject'),
    (reason) => reason,
  )
  if (!DcmlError.isInstance(error)) throw error
  return error.code
}
