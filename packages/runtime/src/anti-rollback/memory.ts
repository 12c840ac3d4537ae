import type { Mark } from '@dcml/channels'
import { DcmlError } from '@dcml/protocol'
import type { AntiRollbackDevice } from './device.ts'

/** A counter that only goes up: `SimulatedTee.counter` of `@dcml/tee-simulator`. */
export interface MonotonicCounter {
  /** Adds one and answers the new value. */
  increment(): bigint
  read(): bigint
}

/** Marks of the counters of this process, as a clone or a restart of a simulated TEE finds them. */
const digests = new WeakMap<MonotonicCounter, Uint8Array>()

/**
 * For development, and refused in production: the mark is in the memory of this process, so that a simulated TEE finds it
 * again after its `restart`, and its clones share it. A new process knows of no mark and opens no older state.
 * @param counter of the simulated TEE; default a new one
 */
export function memoryDevice(counter: MonotonicCounter = newCounter()): AntiRollbackDevice {
  const read = (): Mark => ({
    counter: counter.read(),
    digest: digests.get(counter)?.slice() ?? new Uint8Array(32),
  })
  return {
    name: 'memory',
    environment: 'development',
    read: async () => read(),
    async advance(next) {
      const present = counter.read()
      if (next.counter !== present + 1n)
        throw new DcmlError(
          'rollback_conflict',
          'Another copy of this enclave, or an older state of it, has counted.',
          {
            hint: 'Stop this copy; restart from the newest state.',
            details: { counter: `${present}`, asked: `${next.counter}` },
          },
        )
      counter.increment()
      digests.set(counter, next.digest.slice())
    },
  }
}

function newCounter(): MonotonicCounter {
  let value = 0n
  return { increment: () => ++value, read: () => value }
}
