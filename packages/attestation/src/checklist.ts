import type { Check } from './check.ts'
import { unreached } from './evidence/outcome.ts'
import { Untimely } from './x509/chain.ts'

type Known<Inputs extends readonly unknown[]> = { [K in keyof Inputs]: Exclude<Inputs[K], undefined> }

/**
 * Runs the checks of a catalogue, which feed each other: what a failed check would have yielded is undefined, and skips
 * those it feeds.
 */
export class Checklist<Name extends string, Waivable extends Name = Name> {
  readonly #catalogue: Readonly<Record<Name, string>>
  readonly #outcomes = new Map<Name, Omit<Check, 'name'>>()

  /** @param catalogue every check by its name, in order, with what it establishes */
  constructor(catalogue: Readonly<Record<Name, string>>) {
    this.#catalogue = catalogue
  }

  /**
   * Passes with what `step` returns, fails with what it throws, is skipped where an input is missing.
   * @returns the step's value, only where it passed
   */
  async run<const Inputs extends readonly unknown[], Value>(
    name: Name,
    inputs: Inputs,
    step: (...inputs: Known<Inputs>) => Value | Promise<Value>,
  ): Promise<Value | undefined> {
    if (inputs.includes(undefined)) return undefined
    try {
      const value = await step(...(inputs as Known<Inputs>))
      this.#outcomes.set(name, { status: 'pass', why: this.#catalogue[name] })
      return value
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error)
      this.#outcomes.set(name, { status: 'fail', why, ...(error instanceof Untimely && { untimely: true }) })
      return undefined
    }
  }

  /** For what the policy waives, or what this evidence cannot show. */
  skip(name: Waivable, why: string): void {
    this.#outcomes.set(name, { status: 'skipped', why })
  }

  /** All checks in order. Those that nothing reached are skipped, and the verdict is no. */
  finish(): { ok: boolean; checks: Check[] } {
    const names = Object.keys(this.#catalogue) as Name[]
    return {
      ok: names.every((name) => (this.#outcomes.get(name) ?? { status: 'fail' }).status !== 'fail'),
      checks: names.map((name) => {
        const outcome = this.#outcomes.get(name)
        return outcome ? { name, ...outcome } : unreached(name)
      }),
    }
  }
}
