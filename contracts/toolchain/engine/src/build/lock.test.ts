import { expect, test } from 'vitest'
import { alone } from './lock.ts'

const name = `dcml-lock-test ${process.pid}`

test('two pieces of work of one name never overlap', async () => {
  let working = 0
  let waited = 0
  const work = async (): Promise<number> => {
    working++
    await new Promise((resolve) => setImmediate(resolve))
    return working--
  }
  const atOnce = await Promise.all([1, 2, 3].map(() => alone(name, work, () => waited++)))
  expect(atOnce).toEqual([1, 1, 1])
  expect(waited).toBe(2)
})

test('work that fails gives the lock back', async () => {
  const failing = alone(
    name,
    () => Promise.reject(new Error('no')),
    () => {},
  )
  await expect(failing).rejects.toThrow('no')
  expect(
    await alone(
      name,
      async () => 'next',
      () => {},
    ),
  ).toBe('next')
})
