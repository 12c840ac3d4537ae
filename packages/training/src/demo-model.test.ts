import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { toHex } from '@dcml/protocol'
import { hashModel } from '@dcml/weights/node'
import { expect, test } from 'vitest'
import { demoModelPath, demoModelRecord } from './demo-model.ts'
import { parameterCount } from './model/parameters.ts'
import { parseTrainingConfig } from './train/config.ts'

test('the committed model is the one its record names', async () => {
  const bytes = await readFile(demoModelPath())
  expect(bytes.length).toBe(demoModelRecord.size)
  expect(bytes.length).toBeLessThan(8 * 2 ** 20)
  expect(createHash('sha256').update(bytes).digest('hex')).toBe(demoModelRecord.sha256)
  expect(toHex((await hashModel(demoModelPath())).modelH)).toBe(demoModelRecord.modelH)
})

test('the record holds a config that can be run again', () => {
  const config = parseTrainingConfig(demoModelRecord.config)
  expect(parameterCount(config.model)).toBe(demoModelRecord.parameters)
})
