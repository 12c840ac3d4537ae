import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'

/**
 * Looks for secrets in every file below the folders, as bytes.
 * @returns the files looked at, and each `file: secret's name` that was found
 */
export async function scan(
  folders: readonly string[],
  secrets: ReadonlyMap<string, Uint8Array>,
): Promise<{ files: number; found: string[] }> {
  const found: string[] = []
  let files = 0
  for (const folder of folders) {
    for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
      if (!entry.isFile()) continue
      files++
      const path = join(entry.parentPath, entry.name)
      const content = await readFile(path)
      for (const [name, secret] of secrets) if (content.includes(Buffer.from(secret))) found.push(`${path}: ${name}`)
    }
  }
  return { files, found }
}

/** Pieces of a file that no other file has by chance, taken at even distances. */
export function fingerprints(content: Uint8Array, count: number, length: number): Map<string, Uint8Array> {
  const step = Math.floor(content.length / (count + 1))
  const pieces = Array.from({ length: count }, (_, i) => content.slice((i + 1) * step, (i + 1) * step + length))
  return new Map(pieces.filter(isDistinct).map((piece, i) => [`weights ${i + 1}`, piece]))
}

const isDistinct = (piece: Uint8Array): boolean => new Set(piece).size > piece.length / 4
