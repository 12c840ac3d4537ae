// Ends a process between two of its steps: from the point on, nothing that it asks for is done or answered.
import type { Transport } from '../../src/transport.ts'

export class Killed extends Error {}

export class Killer {
  /** Points passed so far: one before and one after each step. */
  passed = 0
  dead = false
  readonly #at: number

  /** @param at point to die at; none for a life that ends by itself */
  constructor(at = Number.POSITIVE_INFINITY) {
    this.#at = at
  }

  point(): void {
    if (!this.dead && ++this.passed === this.#at) this.dead = true
    if (this.dead) throw new Killed('killed')
  }

  /** The same object; its asynchronous methods are steps. */
  watch<T extends object>(target: T): T {
    return new Proxy(target, {
      get: (_, name) => {
        const value: unknown = Reflect.get(target, name)
        if (typeof value !== 'function') return value
        return async (...args: unknown[]) => {
          this.point()
          const answer: unknown = await value.apply(target, args)
          this.point()
          return answer
        }
      },
    })
  }

  /** A connection that breaks where the process ends, also in the middle of a body. */
  transport(inner: Transport): Transport {
    return {
      close() {},
      send: async (request) => {
        this.point()
        const response = await inner.send(request)
        if (this.dead) await response.body?.cancel()
        this.point()
        const reader = response.body!.getReader()
        const body = new ReadableStream<Uint8Array>(
          {
            pull: async (controller) => {
              const { done, value } = await reader.read()
              try {
                this.point()
              } catch (error) {
                await reader.cancel()
                throw error
              }
              if (done) controller.close()
              else controller.enqueue(value)
            },
            cancel: (reason) => reader.cancel(reason),
          },
          { highWaterMark: 0 },
        )
        return { ...response, body }
      },
    }
  }
}
