import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { DcmlError } from '@dcml/protocol'

/** Locks of this process: after a crash in a container, the next one often has the same id. */
const held = new Set<string>()

/**
 * Keeps other processes out of a folder, and gives back how to let them in again. A lock whose process is gone counts
 * for nothing.
 * @throws DcmlError `devchain_data_in_use`
 */
export function lock(name: string): () => void {
  const path = resolve(name)
  for (;;) {
    try {
      writeFileSync(path, `${process.pid}`, { flag: 'wx' })
      held.add(path)
      return () => {
        held.delete(path)
        rmSync(path, { force: true })
      }
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') {
        rmSync(path, { force: true })
        throw error
      }
      const holder = Number(readFileSync(path, 'utf8'))
      if (holder === process.pid ? held.has(path) : isAlive(holder))
        throw new DcmlError('devchain_data_in_use', `Process ${holder} writes to this chain.`, {
          hint: `Close it there first, or give this one a folder of its own. If it does something else, delete ${path}.`,
          retryable: true,
          details: { holder },
        })
      rmSync(path, { force: true })
    }
  }
}

function isAlive(pid: number): boolean {
  if (!Number.isInteger(pid) || pid <= 0) return false
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
