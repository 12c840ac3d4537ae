import { type AnyEvents, declared } from './event.ts'
import { decodeUtf8 } from './host.ts'
import { type Method, methods } from './method.ts'
import { run } from './run.ts'
import { record } from './schema/composed.ts'
import type { Fields, Json, Values } from './schema/types.ts'
import { loadState, saveState } from './state.ts'

/** What the build reads of a contract, for the ABI. */
export interface ContractSpec {
  readonly state: Fields
  readonly methods: ReadonlyMap<string, Method>
  readonly events: readonly AnyEvents[]
}

/**
 * Marks the contract class. Same name and protocol as near-sdk-js's, so the class reads the same; but the state is
 * exactly the fields of `state`, each rebuilt by its schema, and a contract with an `@initialize` method refuses
 * everything else before it ran.
 * @throws Error at build time if the class has other fields than `state`, or initialises a state it does not have.
 */
export function NearBindgen<F extends Fields = Record<never, never>>({ state = {} as F }: { state?: F } = {}) {
  return <C extends new () => Values<F>>(target: C, _context?: ClassDecoratorContext): C => {
    const fields = Object.keys(state)
    const schema = record(state)
    const own = Object.keys(new target())
    const odd = own.find((key) => !fields.includes(key)) ?? fields.find((key) => !own.includes(key))
    if (odd !== undefined) throw new Error(`field ${odd} must stand in both the class and its state`)
    const starts = [...methods.values()].some(({ spec }) => spec.kind === 'initialize')
    if (starts && fields.length === 0) throw new Error('@initialize needs state, or it could run again and again')

    // the names the exported functions call, see exporter.ts
    return Object.assign(target, {
      _create: () => new target(),
      _requireInit: () => starts,
      _getState: () => (fields.length === 0 ? null : loadState(schema)),
      _reconstruct: (contract: object, values: object) => Object.assign(contract, values),
      _saveToStorage: (contract: Values<F>) => {
        if (fields.length > 0) saveState(schema, contract)
      },
      _getArgs: () => {
        env.input(0)
        const input = decodeUtf8(env.read_register(0) as Uint8Array)
        return input === '' ? {} : JSON.parse(input)
      },
      _call: (contract: object, name: string, input: unknown) => run(contract, methods.get(name) as Method, input),
      _serialize: (result: Json) => JSON.stringify(result),
      _spec: { state, methods, events: declared } satisfies ContractSpec,
    })
  }
}
