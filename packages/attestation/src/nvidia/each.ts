import { Untimely } from '../x509/chain.ts'
import { Refusal } from '../x509/der.ts'

/** One of several things of a kind, with the name that reasons call it by: `GPU 3`, `switch 0`. */
export interface Named<T> {
  readonly name: string
  readonly value: T
}

/**
 * Takes one step with each of them, side by side, and gives what the steps yield under the same names.
 * @throws Refusal with the reasons of all that refused; Untimely where all refused for the time alone
 */
export async function each<T, R>(
  items: readonly Named<T>[],
  step: (value: T, index: number) => R | Promise<R>,
): Promise<Named<R>[]> {
  const settled = await Promise.allSettled(items.map(async ({ value }, i) => step(value, i)))
  const errors = settled.flatMap((outcome, i) =>
    outcome.status === 'rejected' ? [{ name: items[i]!.name, error: outcome.reason as Error }] : [],
  )
  if (errors.length > 0) {
    const byReason = new Map<string, string[]>()
    for (const { name, error } of errors) byReason.set(error.message, [...(byReason.get(error.message) ?? []), name])
    const why = [...byReason].map(([reason, names]) => `${names.join(', ')}: ${reason}`).join('; ')
    throw errors.every(({ error }) => error instanceof Untimely) ? new Untimely(why) : new Refusal(why)
  }
  return settled.flatMap((outcome, i) =>
    outcome.status === 'fulfilled' ? [{ name: items[i]!.name, value: outcome.value }] : [],
  )
}
