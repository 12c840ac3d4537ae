// Writes ../vectors. Deterministic; run it only when the format changes.
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { madeUpVectors } from './made-up-vectors.ts'

const folder = join(import.meta.dirname, '..', 'vectors')
mkdirSync(folder, { recursive: true })
for (const [name, content] of Object.entries(madeUpVectors()))
  writeFileSync(join(folder, name), `${JSON.stringify(content, null, 2)}\n`)
