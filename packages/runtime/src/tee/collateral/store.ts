import { createHash, randomUUID } from 'node:crypto'
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import * as v from 'valibot'

/** What was kept, and when it was fetched (Unix ms). */
export interface Stored {
  readonly bytes: Uint8Array
  readonly fetchedAt: number
}

const schema = v.strictObject({
  name: v.string(),
  content: v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/)),
  fetchedAt: v.pipe(v.number(), v.finite()),
})

const sha256 = (data: Uint8Array | string): string => createHash('sha256').update(data).digest('hex')

/**
 * A folder of files that are named by the SHA-256 of their content, and small ones that say which content a name has now.
 * Each is written aside and renamed, so that a crash leaves the old or the new; what does not hash to its name counts as
 * absent. Several processes may share a folder: the last writer of a name is the one who counts.
 */
export class ContentStore {
  readonly #folder: string

  constructor(folder: string) {
    this.#folder = folder
  }

  async read(name: string): Promise<Stored | undefined> {
    try {
      const { content, fetchedAt, name: own } = await this.#readPointer(pointerOf(name))
      const bytes = Uint8Array.from(await readFile(join(this.#folder, content)))
      return own === name && sha256(bytes) === content ? { bytes, fetchedAt } : undefined
    } catch {
      return undefined
    }
  }

  async write(name: string, { bytes, fetchedAt }: Stored): Promise<void> {
    await mkdir(this.#folder, { recursive: true, mode: 0o700 })
    const content = sha256(bytes)
    await this.#replace(content, bytes)
    await this.#replace(pointerOf(name), JSON.stringify({ name, content, fetchedAt }))
    await this.#prune()
  }

  /** Removes contents that no name has any more; one that another process is about to name is fetched again. */
  async #prune(): Promise<void> {
    const files = await readdir(this.#folder)
    const pointers = files.filter((file) => file.endsWith('.json'))
    const named = new Set(
      await Promise.all(
        pointers.map((file) =>
          this.#readPointer(file).then(
            ({ content }) => content,
            () => '',
          ),
        ),
      ),
    )
    const unnamed = files.filter((file) => /^[0-9a-f]{64}$/.test(file) && !named.has(file))
    await Promise.all(unnamed.map((file) => rm(join(this.#folder, file), { force: true })))
  }

  async #readPointer(file: string): Promise<v.InferOutput<typeof schema>> {
    return v.parse(schema, JSON.parse(await readFile(join(this.#folder, file), 'utf8')))
  }

  async #replace(file: string, data: Uint8Array | string): Promise<void> {
    const path = join(this.#folder, file)
    const aside = `${path}.${randomUUID()}.tmp`
    try {
      await writeFile(aside, data, { flush: true })
      await rename(aside, path)
    } finally {
      await rm(aside, { force: true })
    }
  }
}

const pointerOf = (name: string): string => `${sha256(name)}.json`
