import { loadEngine } from '@dcml/contract-engine'
import { expect, test } from 'vitest'
import { snapshot } from './snapshot.ts'

const STACK = 131_072

test('a snapshot keeps nothing of the stack that evaluation used', async () => {
  const { engine } = await loadEngine()
  const { memory, methods } = await snapshot(engine, 'export function a() {}')
  expect(methods).toEqual(['a'])
  expect(memory.subarray(0, STACK).every((byte) => byte === 0)).toBe(true)
  expect(memory.subarray(STACK).some((byte) => byte !== 0)).toBe(true)
})
