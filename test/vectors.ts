// Finds other people's published data, which we test against but never commit.
import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import manifest from './vectors.json' with { type: 'json' }

const root = join(import.meta.dirname, '..')
const folders = [process.env.DCML_VECTORS, join(root, '..', 'shared')].filter((folder) => folder !== undefined)
const missing = new Set<string>()

/**
 * The bytes of a vector of `vectors.json`, or undefined where no folder holds it; says so once per vector.
 * @throws Error when a file is there with other content than the manifest's sha256
 */
export function findVector(name: keyof typeof manifest): Uint8Array | undefined {
  const { sha256, source } = manifest[name]
  for (const folder of folders) {
    const path = join(folder, name)
    if (!existsSync(path)) continue
    const bytes = readFileSync(path)
    const actual = createHash('sha256').update(bytes).digest('hex')
    if (actual !== sha256) throw new Error(`${path} has sha256 ${actual}, the manifest says ${sha256}`)
    return Uint8Array.from(bytes)
  }
  if (!missing.has(name))
    console.warn(`skipped: vector ${name} is not here (public source: ${source}; set DCML_VECTORS)`)
  missing.add(name)
  return undefined
}
