import { type FileHandle, open, readdir, stat } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { DcmlError } from '@dcml/protocol'
import { checkPaths, comparePaths } from '../paths.ts'
import { readFully, rethrowMissing } from './io.ts'

export interface SourceFile {
  /** Path in the model. */
  readonly path: string
  /** Path on this machine. */
  readonly location: string
  readonly size: number
}

/**
 * Lists the files of a model, in manifest order: one file, or everything inside a folder. Links to files are
 * followed; links to folders, sockets and devices are refused.
 * @throws DcmlError `model_not_found`, `model_empty`, `model_path_refused`
 */
export async function listFiles(source: string): Promise<SourceFile[]> {
  const root = await stat(source).catch(rethrowMissing('model_not_found', source))
  const paths = root.isDirectory() ? await walk(source) : [basename(source)]
  if (paths.length === 0)
    throw new DcmlError('model_empty', `There is no file in ${source}.`, { hint: 'Give a model file or its folder.' })
  checkPaths(paths)
  const files: SourceFile[] = []
  for (const path of paths.sort(comparePaths)) {
    const location = root.isDirectory() ? join(source, ...path.split('/')) : source
    const found = await stat(location)
    if (!found.isFile()) throw notAFile(path)
    files.push({ path, location, size: found.size })
  }
  return files
}

async function walk(root: string, prefix = ''): Promise<string[]> {
  const paths: string[] = []
  for (const entry of await readdir(join(root, prefix), { withFileTypes: true })) {
    const path = prefix === '' ? entry.name : `${prefix}/${entry.name}`
    if (entry.isDirectory()) paths.push(...(await walk(root, path)))
    else paths.push(path)
  }
  return paths
}

const notAFile = (path: string): DcmlError =>
  new DcmlError('model_path_refused', `${JSON.stringify(path)} is not a plain file.`, {
    hint: 'Put the files themselves into the folder.',
    details: { path },
  })

/** Reads the files of a model as one stream of bytes, any part of it, and notices when a file has another size. */
export class PlaintextReader {
  readonly #files: readonly SourceFile[]
  #current: { file: SourceFile; handle: FileHandle } | undefined
  #last: Promise<void> = Promise.resolve()

  constructor(files: readonly SourceFile[]) {
    this.#files = files
  }

  /**
   * Calls may overlap; they are served one after the other.
   * @throws DcmlError `model_source_changed`
   */
  fill(into: Uint8Array, position: number): Promise<void> {
    const turn = this.#last.then(() => this.#fill(into, position))
    this.#last = turn.catch(() => {})
    return turn
  }

  async close(): Promise<void> {
    await this.#last
    await this.#release()
  }

  async #fill(into: Uint8Array, position: number): Promise<void> {
    let start = 0
    for (const file of this.#files) {
      const [from, to] = [Math.max(position, start), Math.min(position + into.length, start + file.size)]
      if (from < to) {
        const handle = await this.#handleOf(file)
        const part = into.subarray(from - position, to - position)
        if ((await readFully(handle, part, from - start)) < part.length) throw sourceChanged(file.path)
      }
      start += file.size
    }
  }

  async #release(): Promise<void> {
    const current = this.#current
    this.#current = undefined
    await current?.handle.close()
  }

  async #handleOf(file: SourceFile): Promise<FileHandle> {
    if (this.#current?.file === file) return this.#current.handle
    await this.#release()
    const handle = await open(file.location).catch(() => {
      throw sourceChanged(file.path)
    })
    this.#current = { file, handle }
    if ((await handle.stat()).size !== file.size) throw sourceChanged(file.path)
    return handle
  }
}

export const sourceChanged = (path?: string): DcmlError =>
  new DcmlError(
    'model_source_changed',
    `The model changed while it was read${path === undefined ? '' : `: ${path}`}.`,
    {
      hint: 'Wait until nothing writes to the model any more, then start again.',
      retryable: true,
      details: path === undefined ? {} : { path },
    },
  )
