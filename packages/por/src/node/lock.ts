import { readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { DcmlError } from '@dcml/protocol'

/** Locks of this process: after a crash in a container, the next one often has the same id. */
const held = new Set<string>()

/**
 * Keeps other processes out of a store, and gives back how to let them in again. A lock whose process is gone counts
 * for nothing.
 * @throws DcmlError `por_store_busy`
 */
export function lock(name: string): () => void {
  const path = resolve(name)
  for (let attempt = 1; ; attempt++) {
    try {
      writeFileSync(path, `${process.pid}`, { flag: 'wx', mode: 0o600 })
      held.add(path)
      return () => {
        held.delete(path)
        rmSync(path, { force: true })
      }
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    }
    const holder = holderOf(path)
    if (holder === 'gone') continue
    if (isHeld(path, holder) || attempt > 3)
      throw new DcmlError('por_store_busy', `Process ${holder} is the node of this store.`, {
        hint: `Close it there first. If that process does something else, delete ${path}.`,
        retryable: true,
        details: { holder },
      })
    rmSync(path, { force: true })
  }
}

function holderOf(path: string): number | 'gone' {
  try {
    return Number(readFileSync(path, 'utf8'))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return 'gone'
    throw error
  }
}

function isHeld(path: string, pid: number): boolean {
  if (pid === process.pid) return held.has(path)
  // an empty lock is one that is being written, unless its writer died at it
  if (pid === 0) return Date.now() - statSync(path).mtimeMs < 1000
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
