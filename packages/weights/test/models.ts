import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'

/** Bytes that differ from place to place and from seed to seed. */
export function pattern(size: number, seed = 1): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(size)
  let state = (seed * 2654435761) >>> 0
  for (let i = 0; i < size; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    bytes[i] = state >>> 24
  }
  return bytes
}

export async function writeModel(folder: string, files: Readonly<Record<string, Uint8Array>>): Promise<string> {
  for (const [path, content] of Object.entries(files)) {
    const location = join(folder, ...path.split('/'))
    await mkdir(dirname(location), { recursive: true })
    await writeFile(location, content)
  }
  return folder
}
