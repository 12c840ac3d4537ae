// A stand-in for what a host cannot turn back, for development: a file, which a host could of course put back. Keep it
// away from the folders that a story lets the host restore.
import { closeSync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs'
import { dirname } from 'node:path'
import { DcmlError } from '@dcml/protocol'

/** A counter and 32 bytes, as `AntiRollback` of `@dcml/channels` has them. */
interface Mark {
  readonly counter: bigint
  readonly digest: Uint8Array
}

/** `AntiRollbackDevice` of `@dcml/runtime`, of development: production refuses it. */
export interface SimulatedChip {
  readonly name: 'simulator'
  readonly environment: 'development'
  read(): Promise<Mark>
  /** @throws DcmlError `rollback_conflict` unless `next.counter` is one more than the present counter */
  advance(next: Mark): Promise<void>
}

/** A chip that outlives the process: its mark is in a file. */
export function simulatedChip(path: string): SimulatedChip {
  const read = (): Mark => {
    let bytes: Buffer
    try {
      bytes = readFileSync(path)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return { counter: 0n, digest: new Uint8Array(32) }
      throw error
    }
    return { counter: bytes.readBigUInt64LE(0), digest: Uint8Array.from(bytes.subarray(8, 40)) }
  }
  return {
    name: 'simulator',
    environment: 'development',
    read: async () => read(),
    async advance({ counter, digest }) {
      const present = read().counter
      if (counter !== present + 1n)
        throw new DcmlError('rollback_conflict', 'Another copy of this enclave has counted.', {
          hint: 'Stop this copy; restart from the newest state.',
          details: { counter: `${present}`, asked: `${counter}` },
        })
      const bytes = Buffer.alloc(40)
      bytes.writeBigUInt64LE(counter)
      bytes.set(digest, 8)
      mkdirSync(dirname(path), { recursive: true })
      const next = `${path}.next`
      const file = openSync(next, 'w')
      try {
        writeSync(file, bytes)
        fsyncSync(file)
      } finally {
        closeSync(file)
      }
      renameSync(next, path)
    },
  }
}
