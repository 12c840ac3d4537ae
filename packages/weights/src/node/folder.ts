import { lstat, mkdir, mkdtemp, open, readdir, rename, rm } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { DcmlError } from '@dcml/protocol'
import { rethrowSpace, writeFully } from './io.ts'
import { type OpenedModel, type OpenOptions, openModel } from './open.ts'
import type { WriteSink } from './sink.ts'

/**
 * Opens a container into a folder that does not exist yet or is empty. Everything is written beside it under a
 * temporary name and renamed once modelH matched, so the folder is whole or not there.
 * @throws DcmlError those of {@link openModel}, and `open_target_not_empty`
 */
export async function openToFolder({ folder, ...options }: OpenOptions & { folder: string }): Promise<OpenedModel> {
  const target = resolve(folder)
  await checkFree(target)
  await mkdir(dirname(target), { recursive: true })
  const partial = await mkdtemp(`${target}.partial-`)
  try {
    const opened = await openModel({ ...options, into: ({ path }) => fileSink(join(partial, ...path.split('/'))) })
    await rename(partial, target)
    return opened
  } catch (error) {
    await rm(partial, { recursive: true, force: true })
    return rethrowSpace(error)
  }
}

async function fileSink(path: string): Promise<WriteSink> {
  await mkdir(dirname(path), { recursive: true })
  const file = await open(path, 'wx', 0o600)
  let position = 0
  return {
    async write(bytes) {
      await writeFully(file, bytes, position)
      position += bytes.length
    },
    close: () => file.close(),
  }
}

async function checkFree(target: string): Promise<void> {
  const found = await lstat(target).catch(() => undefined)
  if (found === undefined || (found.isDirectory() && (await readdir(target)).length === 0)) return
  throw new DcmlError('open_target_not_empty', `${target} is not an empty folder.`, {
    hint: 'Give a folder that does not exist yet.',
    details: { folder: target },
  })
}
