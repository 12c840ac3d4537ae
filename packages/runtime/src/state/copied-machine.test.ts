// A copy of a whole machine, memory included, draws the random numbers that the first one drew.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { memoryAntiRollback } from '@dcml/channels/testing'
import { toHex } from '@dcml/protocol'
import { expect, onTestFinished, test, vi } from 'vitest'
import { openSealedState } from './sealed-state.ts'

vi.mock('node:crypto', async (original) => ({
  ...(await original<typeof import('node:crypto')>()),
  randomBytes: (length: number) => new Uint8Array(length).fill(4),
}))

test('it makes another session key where the device is another one', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'dcml-state-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  const seed = async (incarnation: Uint8Array) => {
    const antiRollback = { ...memoryAntiRollback(), incarnation }
    const options = { folder, sealingKey: new Uint8Array(32), log: { info: () => {} }, antiRollback }
    const state = await openSealedState(options)
    await state.close()
    return toHex(state.sessionSeed)
  }
  const [one, other] = [Uint8Array.of(1), Uint8Array.of(2)]
  expect(await seed(one)).toBe(await seed(one))
  expect(await seed(one)).not.toBe(await seed(other))
})
