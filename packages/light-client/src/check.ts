import { type Check, type CheckStatus, DcmlError } from '@dcml/protocol'

export type { Check, CheckStatus }

/**
 * What a verification found. Its values exist only where every required check passed; else `error` names the failed
 * link as its code, `<area>_<check>`.
 */
export type Verdict<Values> =
  | ({ readonly ok: true; readonly checks: readonly Check[] } & Values)
  | { readonly ok: false; readonly checks: readonly Check[]; readonly error: DcmlError }

/** What each check of a verification establishes, and what to do where it fails. In the order of judging. */
export type Catalogue<Name extends string> = {
  readonly [K in Name]: { readonly establishes: string; readonly hint: string }
}

/** Why a check fails, in words for a person. */
export class Refusal extends Error {}

/** Fails because of the time it is judged at. */
export class Untimely extends Refusal {}

/** Fails a check unless the condition holds. @throws Refusal */
export function demand(condition: boolean, why: () => string): asserts condition {
  if (!condition) throw new Refusal(why())
}

/** Checks that build on each other: the first that fails ends the verification, the rest show as skipped. */
export class Checklist<Name extends string> {
  readonly #area: string
  readonly #catalogue: Catalogue<Name>
  readonly #outcomes = new Map<Name, Omit<Check, 'name'>>()
  #failed: Name | undefined

  constructor(area: string, catalogue: Catalogue<Name>) {
    this.#area = area
    this.#catalogue = catalogue
  }

  /** Passes with what `run` returns, fails with what it throws. @throws what `run` throws, for {@link refuse} */
  step<Value>(name: Name, run: () => Value): Value {
    const value = this.part(name, run)
    this.pass(name)
    return value
  }

  /** Like {@link step} for one of several places that a check looks at: it passes only with {@link pass}. */
  part<Value>(name: Name, run: () => Value): Value {
    try {
      return run()
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error)
      this.#outcomes.set(name, { status: 'fail', why, ...(error instanceof Untimely && { untimely: true }) })
      this.#failed = name
      throw error
    }
  }

  pass(...names: readonly Name[]): void {
    for (const name of names) this.#outcomes.set(name, { status: 'pass', why: this.#catalogue[name].establishes })
  }

  /** Does not look at `name`, because nothing was asked that needs it. */
  waive(name: Name, why: string): void {
    this.#outcomes.set(name, { status: 'skipped', why })
  }

  accept<Values>(values: Values): Verdict<Values> {
    return { ok: true, checks: this.#checks('Not needed here.'), ...values }
  }

  /** Turns what a step threw into a verdict. @throws `error` where no step did: that is a defect, not a verdict */
  refuse(error: unknown): Verdict<never> {
    const name = this.#failed
    if (name === undefined) throw error
    const why = this.#outcomes.get(name)!.why
    return {
      ok: false,
      checks: this.#checks('Not reached: an earlier check failed.'),
      error: new DcmlError(`${this.#area}_${name}`, `${sentence(why)}`, {
        hint: this.#catalogue[name].hint,
        cause: error,
      }),
    }
  }

  #checks(otherwise: string): Check[] {
    const names = Object.keys(this.#catalogue) as Name[]
    return names.map((name) => ({ name, ...(this.#outcomes.get(name) ?? { status: 'skipped', why: otherwise }) }))
  }
}

const sentence = (text: string): string => (/[.!?]$/.test(text) ? text : `${text}.`)
