import { basename } from 'node:path'
import { DcmlError, fromHex } from '@dcml/protocol'
import { unwrapKey } from '@dcml/weights'
import { inspectContainer } from '@dcml/weights/node'
import type { ModelSource } from '../model/source.ts'
import { openWeights } from './open.ts'
import type { AnonymousStore } from './store.ts'

/** Reads `DCMW` containers from the host's disk, and opens them into memory. */
export const sealedModels =
  (store: AnonymousStore): ModelSource =>
  async (container) => {
    const header = await inspectContainer(container)
    const modelH = fromHex(header.modelH)
    const [first] = header.files
    return {
      modelH,
      name: basename(header.files.length === 1 && first ? first.path : container).replace(/\.(gguf|dcmw)$/, ''),
      size: header.plainSize,
      async unlocks(sk) {
        try {
          const key = await unwrapKey(header, sk)
          key.fill(0)
          return true
        } catch (error) {
          if (DcmlError.isInstance(error) && error.code === 'container_wrong_key') return false
          throw error
        }
      },
      open: (sk, options) => openWeights({ store, container, sk, expectedModelH: modelH, ...options }),
    }
  }
