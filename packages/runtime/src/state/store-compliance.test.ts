import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { stateStoreCompliance } from '@dcml/channels/testing'
import { afterEach, test } from 'vitest'
import { openSealedState, type SealedState } from './sealed-state.ts'

const cleanups: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

test.each(
  stateStoreCompliance(async () => {
    const folder = await mkdtemp(join(tmpdir(), 'dcml-state-'))
    let lived: SealedState | undefined
    cleanups.push(async () => {
      await lived?.close()
      await rm(folder, { recursive: true })
    })
    // a device that has counted: what lies there is not of a start that was killed
    const antiRollback = { read: async () => ({ counter: 9n, digest: new Uint8Array(32) }) }
    return {
      async life() {
        await lived?.close()
        lived = await openSealedState({ folder, sealingKey: new Uint8Array(32), antiRollback, log: { info() {} } })
        return lived.store
      },
    }
  }),
)('sealed state store $name', ({ run }) => run())
