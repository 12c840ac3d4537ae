import { createHash } from 'node:crypto'
import { Worker } from 'node:worker_threads'

/** Below this a thread costs more than it saves. Bytes. */
const WORTH_A_THREAD = 67_108_864

// as text, so that it runs the same from source, from dist and out of a bundle
const WORKER = `
const { parentPort } = require('node:worker_threads')
const { createHash } = require('node:crypto')
parentPort.on('message', (data) => parentPort.postMessage(createHash('sha256').update(data).digest()))
`

/** SHA-256 of leaves. */
export interface LeafHasher {
  sha256(data: Uint8Array): Uint8Array | Promise<Uint8Array>
  close(): Promise<unknown>
}

/**
 * Hashes leaves on a thread of its own, beside the work of the calling thread: SHA-256 is the slowest step of sealing
 * and opening. Small models are hashed on the calling thread.
 * @param total bytes that are going to be hashed
 */
export function createLeafHasher(total: number): LeafHasher {
  if (total < WORTH_A_THREAD)
    return { sha256: (data) => createHash('sha256').update(data).digest(), close: () => Promise.resolve() }
  const worker = new Worker(WORKER, { eval: true, execArgv: [], env: {} })
  const waiting: PromiseWithResolvers<Uint8Array>[] = []
  const fail = (error: Error): void => {
    for (const reply of waiting.splice(0)) reply.reject(error)
  }
  worker.on('message', (digest: Uint8Array) => waiting.shift()?.resolve(digest))
  worker.on('error', fail)
  worker.on('exit', () => fail(new Error('The hashing thread ended early')))
  return {
    sha256(data) {
      const reply = Promise.withResolvers<Uint8Array>()
      waiting.push(reply)
      worker.postMessage(data)
      return reply.promise
    },
    close: () => worker.terminate(),
  }
}

/**
 * A buffer for plaintext with the prefix of a leaf in front, so that a leaf is hashed without copying it; in shared
 * memory, so that the other thread sees it. The plaintext starts at a multiple of 8: V8 copies into shared memory that
 * is not aligned byte by byte, ten times slower.
 */
export function leafBuffer(size: number): Uint8Array<SharedArrayBuffer> {
  return new Uint8Array(new SharedArrayBuffer(8 + size), 7) // the prefix is 0x00
}
