// A counter outside the process, as a TPM is: killing the runtime neither loses nor turns it back.
import { readFileSync, renameSync, writeFileSync } from 'node:fs'
import type { Mark } from '@dcml/channels'
import { DcmlError, fromHex, toHex } from '@dcml/protocol'
import type { AntiRollbackDevice } from '@dcml/runtime'

export function fileDevice(path: string): AntiRollbackDevice {
  const read = (): Mark => {
    try {
      const { counter, digest } = JSON.parse(readFileSync(path, 'utf8'))
      return { counter: BigInt(counter), digest: fromHex(digest, 32) }
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
      return { counter: 0n, digest: new Uint8Array(32) }
    }
  }
  return {
    name: 'file',
    environment: 'development',
    read: async () => read(),
    async advance({ counter, digest }) {
      if (counter !== read().counter + 1n)
        throw new DcmlError('rollback_conflict', 'Another copy has counted.', { hint: 'Stop this one.' })
      writeFileSync(`${path}.new`, JSON.stringify({ counter: `${counter}`, digest: toHex(digest) }))
      renameSync(`${path}.new`, path)
    },
  }
}
