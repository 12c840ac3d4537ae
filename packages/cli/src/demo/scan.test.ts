import { randomBytes } from 'node:crypto'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { fingerprints, scan } from './scan.ts'

test('finds a planted secret in any file, and none where there is none', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'dcml-scan-'))
  try {
    const weights = Uint8Array.from(randomBytes(10_000))
    const secrets = fingerprints(weights, 16, 32)
    expect(secrets.size).toBe(16)
    await mkdir(join(folder, 'deep', 'er'), { recursive: true })
    await writeFile(join(folder, 'log.txt'), randomBytes(10_000))
    expect(await scan([folder], secrets)).toEqual({ files: 1, found: [] })
    await writeFile(join(folder, 'deep', 'er', 'core'), Buffer.concat([Buffer.from('x'), weights.subarray(500, 3000)]))
    const { files, found } = await scan([folder], secrets)
    expect(files).toBe(2)
    expect(found.length).toBeGreaterThan(2)
  } finally {
    await rm(folder, { recursive: true })
  }
})
