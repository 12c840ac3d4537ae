import { createHash } from 'node:crypto'
import { Worker } from 'node:worker_threads'

/** Below this a thread costs more than it saves. Bytes. */
const WORTH_A_THREAD = 67_108_864

// as text, so that it runs the same from source, from dist and out of a bundle
const WORKER = `
const { parentPort } = require('node:worker_threads')
const { createHash } = require('node:crypto')
let running = createHash('sha256')
parentPort.on('message', ({ once, next }) => {
  if (next) running.update(next)
  else if (once) parentPort.postMessage(createHash('sha256').update(once).digest())
  else {
    parentPort.postMessage(running.digest())
    running = createHash('sha256')
  }
})
`

/** SHA-256 of leaves, and beside them of files, which come in parts. Calls are served in their order. */
export interface Hasher {
  /** The data must stay as it is until the result is there. */
  sha256(data: Uint8Array): Uint8Array | Promise<Uint8Array>
  /** Takes the next part of a file. The data must stay as it is until the result of a later call is there. */
  update(data: Uint8Array): void
  /** SHA-256 of the parts since the last digest. */
  digest(): Uint8Array | Promise<Uint8Array>
  close(): Promise<unknown>
}

/**
 * Hashes on a thread of its own, beside the work of the calling thread: SHA-256 is the slowest step of sealing and
 * opening. Small models are hashed on the calling thread.
 * @param total bytes that are going to be hashed
 */
export const createHasher = (total: number): Hasher => (total < WORTH_A_THREAD ? localHasher() : threadHasher())

export function localHasher(): Hasher {
  let running = createHash('sha256')
  return {
    sha256: (data) => createHash('sha256').update(data).digest(),
    update: (data) => void running.update(data),
    digest() {
      const digest = running.digest()
      running = createHash('sha256')
      return digest
    },
    close: () => Promise.resolve(),
  }
}

function threadHasher(): Hasher {
  const worker = new Worker(WORKER, { eval: true, execArgv: [], env: {} })
  const waiting: PromiseWithResolvers<Uint8Array>[] = []
  const fail = (error: Error): void => {
    for (const reply of waiting.splice(0)) reply.reject(error)
  }
  worker.on('message', (digest: Uint8Array) => waiting.shift()?.resolve(digest))
  worker.on('error', fail)
  worker.on('exit', () => fail(new Error('The hashing thread ended early')))
  const ask = (message: { once?: Uint8Array }): Promise<Uint8Array> => {
    const reply = Promise.withResolvers<Uint8Array>()
    waiting.push(reply)
    worker.postMessage(message)
    return reply.promise
  }
  return {
    sha256: (once) => ask({ once }),
    update: (next) => worker.postMessage({ next }),
    digest: () => ask({}),
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
