import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { antiRollbackCompliance } from '@dcml/channels/testing'
import { afterAll, expect, test } from 'vitest'
import { simulatedChip } from './chip.ts'

const folder = mkdtempSync(join(tmpdir(), 'dcml-chip-'))
afterAll(() => rmSync(folder, { recursive: true }))
let chips = 0

test.each(
  antiRollbackCompliance(async () => {
    const path = join(folder, 'of', `${++chips}`)
    return { handle: simulatedChip(path), again: async () => simulatedChip(path) }
  }),
)('$name', ({ run }) => run())

test('it is for development, and says so', () => {
  expect(simulatedChip(join(folder, 'none'))).toMatchObject({ name: 'simulator', environment: 'development' })
})
