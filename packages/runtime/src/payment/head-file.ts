// The newest head of the light client, kept over restarts. Nodes forget old blocks: in a long life the image's root gets
// out of their reach, and with it every proof from there on.
import { join } from 'node:path'
import { blockTime, formatTrustRoot, type LightClientState, parseTrustRoot } from '@dcml/light-client'
import { DcmlError, utf8 } from '@dcml/protocol'
import type { Logger } from 'pino'
import { sealedFile } from '../anti-rollback/sealed-file.ts'
import { loggable } from '../api/errors.ts'

/** Chain time between two writes: a head that is a little older leads to the present as well. */
const SPACING_MS = 60_000

/** Where a light client's newest head is kept. What the host puts back is an older head, or none. */
export interface HeadFile {
  /** Undefined where there is none, or none that this image wrote: then the light client starts at its root. */
  read(): Promise<LightClientState | undefined>
  /** Keeps a head where the one before has become old; a fault is logged, as nothing depends on it yet. */
  keep(head: LightClientState): Promise<void>
  /** Resolves when nothing is being written any more. */
  idle(): Promise<void>
}

/** @param folder of the sealed state @param sealingKey 32 bytes; used before this returns */
export function headFile(folder: string, sealingKey: Uint8Array, log: Logger): HeadFile {
  const file = sealedFile(join(folder, 'light-client'), sealingKey, 'light-client')
  let written = Number.NEGATIVE_INFINITY
  let writing: Promise<void> = Promise.resolve()
  const failed = (error: unknown): void => {
    const fault = DcmlError.isInstance(error) ? loggable(error) : { cause: (error as Error).name }
    log.warn(fault, 'light client head')
  }
  return {
    async read() {
      try {
        const text = await file.read()
        return text && parseTrustRoot(new TextDecoder().decode(text))
      } catch (error) {
        failed(error)
        return undefined
      }
    },
    keep(head) {
      const time = blockTime(head.head.innerLite)
      if (time < written + SPACING_MS) return writing
      written = time
      writing = writing.then(() => file.write(utf8(formatTrustRoot(head))).catch(failed))
      return writing
    },
    idle: () => writing,
  }
}
