import { type AntiRollback, type Mark, NO_MARK, type StateStore } from '../enclave/anti-rollback.ts'
import { refusal } from '../refuse.ts'

/** A mark in memory. */
export function memoryAntiRollback(): AntiRollback {
  let mark: Mark = NO_MARK
  return {
    read: async () => mark,
    async advance(next) {
      if (next.counter !== mark.counter + 1n)
        throw refusal(
          'rollback_conflict',
          'Another copy of this enclave, or an older state of it, has counted.',
          'Stop this copy; restart from the newest state.',
          { counter: mark.counter, asked: next.counter },
        )
      mark = { counter: next.counter, digest: next.digest.slice() }
    },
  }
}

/** States in memory, deleted as late as a store may. */
export function memoryStateStore(): StateStore {
  let states: { image: Uint8Array; changes: Uint8Array[] }[] = []
  let last: (typeof states)[number] | undefined
  return {
    async read() {
      // a restart: nothing was written yet in this life
      last = undefined
      return states.map(({ image, changes }) => ({ image, changes: [...changes] }))
    },
    async replace(image) {
      if (last !== undefined) states = [last]
      last = { image: image.slice(), changes: [] }
      states.push(last)
    },
    async append(change) {
      if (last === undefined) throw new Error('A change follows an image.')
      states = [last]
      last.changes.push(change.slice())
    },
  }
}
