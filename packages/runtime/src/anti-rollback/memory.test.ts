import { antiRollbackCompliance } from '@dcml/channels/testing'
import { createSimulator } from '@dcml/tee-simulator'
import { expect, test } from 'vitest'
import { memoryDevice } from './memory.ts'

const simulator = await createSimulator()
const imageH = new Uint8Array(32).fill(1)

test.each(
  antiRollbackCompliance(async () => {
    const { counter } = simulator.createTee({ imageH })
    return { handle: memoryDevice(counter), again: async () => memoryDevice(counter) }
  }),
)('$name', ({ run }) => run())

test('a restart and a clone of a simulated TEE find its mark, another TEE finds none', async () => {
  const tee = simulator.createTee({ imageH })
  const device = memoryDevice(tee.counter)
  const mark = { counter: 1n, digest: new Uint8Array(32).fill(1) }
  await device.advance(mark)
  for (const { counter } of [tee.restart(), tee.clone()]) expect(await memoryDevice(counter).read()).toEqual(mark)
  expect((await memoryDevice(simulator.createTee({ imageH }).counter).read()).counter).toBe(0n)
})

test('it is for development only', () => {
  expect(memoryDevice()).toMatchObject({ name: 'memory', environment: 'development' })
})
