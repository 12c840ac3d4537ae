import type { PorHandler } from '@dcml/runtime'

type Handlers = Readonly<Record<string, PorHandler>>

/**
 * One account may answer for several enclaves, and an answer that is right for one of them is owed: the first that
 * answers does, and a refusal is told when all have refused.
 */
export function anyOf(enclaves: readonly Handlers[]): Handlers {
  const apps = new Set(enclaves.flatMap((handlers) => Object.keys(handlers)))
  return Object.fromEntries([...apps].map((app) => [app, firstOf(enclaves.map((handlers) => handlers[app]!))]))
}

const firstOf =
  (handlers: readonly PorHandler[]): PorHandler =>
  async (payload, about) => {
    const answers = handlers.map((handler) => handler(payload, about))
    const first = Promise.any(
      answers.map(async (answer) => {
        const { status } = await answer
        return status === 0 ? answer : Promise.reject(new Error(`status ${status}`))
      }),
    )
    return first.catch(() => answers[0]!)
  }
