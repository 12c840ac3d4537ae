import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'

test('everything outside of node/ runs in a browser: no import of Node, no Buffer', async () => {
  const sources = (await readdir(import.meta.dirname, { recursive: true })).filter(
    (path) => path.endsWith('.ts') && !path.endsWith('.test.ts') && !path.startsWith('node') && path !== 'index.ts',
  )
  expect(sources.length).toBeGreaterThan(8)
  for (const path of sources) {
    const source = await readFile(join(import.meta.dirname, path), 'utf8')
    expect(source, path).not.toMatch(/from '(node:|.*\/node\/|@dcml\/\w+\/node')|\bBuffer\b/)
  }
})
