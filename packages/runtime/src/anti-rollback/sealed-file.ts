import { open, readFile, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { DcmlError } from '@dcml/protocol'
import { sealer } from '../state/seal.ts'

/** A small file that an enclave writes once and reads at each start. The host may lose it, and can neither read nor make one. */
export interface SealedFile {
  /** Undefined where there is none. @throws DcmlError `rollback_file_unreadable` */
  read(): Promise<Uint8Array | undefined>
  /** Resolves when it will survive a crash. */
  write(plain: Uint8Array): Promise<void>
}

/** @param purpose what is sealed for one purpose opens for no other */
export function sealedFile(path: string, sealingKey: Uint8Array, purpose: string): SealedFile {
  const cipher = sealer(sealingKey, purpose)
  return {
    async read() {
      const sealed = await readFile(path).catch((error: NodeJS.ErrnoException) => {
        if (error.code === 'ENOENT') return undefined
        throw error
      })
      if (sealed === undefined) return undefined
      const plain = cipher.open(sealed)
      if (plain === undefined) throw unreadable(path)
      return plain
    },
    async write(plain) {
      const fresh = `${path}.new`
      await rm(fresh, { force: true })
      const file = await open(fresh, 'wx', 0o600)
      try {
        await file.writeFile(cipher.seal(plain))
        await file.sync()
      } finally {
        await file.close()
      }
      await rename(fresh, path)
      const folder = await open(dirname(path))
      await folder.sync().finally(() => folder.close())
    },
  }
}

const unreadable = (path: string): DcmlError =>
  new DcmlError(
    'rollback_file_unreadable',
    `${path} was not sealed by this image on this machine, or it was altered.`,
    {
      hint: 'Restore it together with the state it belongs to, or start with neither and a new session key.',
    },
  )
