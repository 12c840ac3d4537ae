import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'

test('the first sample of the README runs', async () => {
  const root = new URL('..', import.meta.url)
  const readme = await readFile(new URL('README.md', root), 'utf8')
  const [, sample] = /```ts\n(.*?)```/s.exec(readme) ?? []
  const run = ['--conditions=@dcml/source', '--input-type=module-typescript', '--eval', sample!]
  const { stdout } = await promisify(execFile)(process.execPath, run, { cwd: root })
  expect(stdout).toContain('pass quote_signature')
  expect(stdout).toMatch(/accepted, in development\n$/)
})
