import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { places } from './places.ts'
import { QUICKJS } from './quickjs.ts'

/** sha256 over the names and contents of every file below a folder, tests aside. */
async function hashFolder(folder: string): Promise<string> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  const files = entries
    .filter((entry) => entry.isFile() && !entry.name.includes('.test.'))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort()
  const hash = createHash('sha256')
  for (const file of files) {
    const bytes = await readFile(file)
    hash.update(`${file.slice(folder.length).replaceAll('\\', '/')}\0${bytes.length}\0`).update(bytes)
  }
  return hash.digest('hex')
}

/** What the engine's bytes follow from, the compiler's packages aside. */
export async function sourceInputs(): Promise<Record<string, string>> {
  const binaryen = JSON.parse(await readFile(new URL('./package.json', import.meta.resolve('binaryen')), 'utf8')) as {
    version: string
  }
  return {
    glue: await hashFolder(places.glue),
    scripts: await hashFolder(places.scripts),
    quickjs: QUICKJS.sha256,
    binaryen: binaryen.version,
  }
}
