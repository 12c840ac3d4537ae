// A channel in a file, and its key in another beside it.
import { type FileHandle, open, readFile, rename, rm, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { DcmlError } from '@dcml/protocol'
import type { ChannelStore } from '../pay/store.ts'

/**
 * Keeps one channel in the file `path` and its key in `path` + `.key`, both readable by their owner alone. Each state is
 * on disk before it is acted on, and replaces the one before whole. One process at a time: `path` + `.lock` names it, and
 * the lock of a process that is gone is taken over.
 *
 * `load` throws DcmlError `channel_store_busy`, all methods `channel_store_failed`.
 */
export function fileChannel(path: string): ChannelStore {
  const [keyPath, lockPath] = [`${path}.key`, `${path}.lock`]
  return {
    async load() {
      await lock(lockPath)
      try {
        return { state: await readIfThere(path), key: await readIfThere(keyPath) }
      } catch (error) {
        await rm(lockPath, { force: true })
        throw error
      }
    },
    saveState: (state) => replace(path, state),
    saveKey: (key) => replace(keyPath, key),
    release: () => failing(() => rm(lockPath, { force: true })),
  }
}

/** Takes the lock, where nobody holds it who is still there. */
async function lock(path: string): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      const file = await open(path, 'wx', 0o600)
      await failing(() => file.writeFile(String(process.pid)).finally(() => file.close()))
      return
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw DcmlError.isInstance(error) ? error : failed(error)
    }
    const holder = Number(await readIfThere(path))
    if ((isAlive(holder) && !(await isOlder(path, holder))) || attempt > 3)
      throw new DcmlError('channel_store_busy', `Process ${holder} pays from this channel.`, {
        hint: `Let it finish, or release the channel there. If there is no such process, remove ${path}.`,
        details: { process: holder },
      })
    // whoever renames it first has taken it away
    const stale = `${path}.${process.pid}`
    await rename(path, stale).then(
      () => rm(stale, { force: true }),
      () => {},
    )
  }
}

/** Whether a lock with the number of this process is of one before it: in a container all have the same. */
async function isOlder(path: string, holder: number): Promise<boolean> {
  if (holder !== process.pid) return false
  const startedAt = Date.now() - process.uptime() * 1000
  return stat(path).then(
    ({ mtimeMs }) => mtimeMs < startedAt,
    () => false,
  )
}

function isAlive(pid: number): boolean {
  // an empty lock is one that is being written
  if (!Number.isSafeInteger(pid) || pid <= 0) return true
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

/** Writes beside it, waits for the disk, and takes its place. */
const replace = (path: string, text: string): Promise<void> =>
  failing(async () => {
    const next = `${path}.new`
    await written(await open(next, 'w', 0o600), text)
    await rename(next, path)
    // the name is on disk when the folder is
    const folder = await open(dirname(path), 'r')
    await folder.sync().finally(() => folder.close())
  })

async function written(file: FileHandle, text: string): Promise<void> {
  try {
    await file.writeFile(text)
    await file.datasync()
  } finally {
    await file.close()
  }
}

async function readIfThere(path: string): Promise<string | null> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw failed(error)
  }
}

const failing = <T>(act: () => Promise<T>): Promise<T> =>
  act().catch((error: unknown) => {
    throw failed(error)
  })

const failed = (cause: unknown): DcmlError =>
  new DcmlError('channel_store_failed', `The channel's file could not be used (${(cause as Error).message}).`, {
    hint: 'See whether the file can be read and written and its disk has room.',
    cause,
  })
