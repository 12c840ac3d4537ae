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

/** States in memory: the last two. */
export function memoryStateStore(): StateStore {
  let states: Uint8Array[] = []
  return {
    read: async () => states,
    async write(state) {
      states = [...states.slice(-1), state]
    },
  }
}
