import { createContext, runInContext } from 'node:vm'
import type { ContractSpec } from '../contract/class.ts'
import type { MethodSpec } from '../contract/method.ts'
import type { Shape } from '../contract/schema/types.ts'
import { badSource } from '../errors.ts'
import { SPEC } from '../source/bundle.ts'
import type { ContractSource, SourceMethod } from '../source/read.ts'
import { checkEventSize } from './event-size.ts'
import { type Definitions, fromFields, fromShape } from './from-shape.ts'
import { argumentsFromTypeScript, fromTypeScript } from './from-typescript.ts'
import type { Abi, AbiEvent, AbiFunction } from './types.ts'

/** The body of the ABI of a contract on plain near-sdk-js: what its decorators and type annotations say. */
export function describeSource({ methods, functions }: ContractSource): Abi['body'] {
  const described = methods.map((method): AbiFunction => {
    const args = argumentsFromTypeScript(method.params)
    const { returns } = method
    const silent = returns === undefined || returns.type === 'TSVoidKeyword'
    return {
      ...heading(method, [
        ...(method.kind === 'initialize' ? (['init'] as const) : []),
        ...(method.flags.privateFunction ? (['private'] as const) : []),
        ...(method.flags.payableFunction ? (['payable'] as const) : []),
      ]),
      ...(args.length > 0 && { params: { serialization_type: 'json', args } }),
      ...(!silent && { result: { serialization_type: 'json', type_schema: fromTypeScript(returns) } }),
    }
  })
  const bare = functions.map((name): AbiFunction => ({ name, kind: 'call' }))
  return body([...described, ...bare], [], {})
}

/**
 * The body of the ABI of a contract on our base, from the schemas it parses with. The bundle exports them as
 * {@link SPEC}; it runs here without a host.
 * @throws DcmlError `contract_source`
 */
export function describeSchemas(source: ContractSource, bundle: string): Abi['body'] {
  const spec = evaluate(bundle)
  const definitions: Definitions = {}
  try {
    const lost = [...spec.methods.keys()].find((name) => !source.methods.some((method) => method.name === name))
    if (lost !== undefined)
      throw new Error(`method ${lost} is marked, but not in the contract class by the name of a decorator`)
    const functions = source.methods.map((method) => fromSpec(method, spec.methods.get(method.name)?.spec, definitions))
    const events = spec.events.flatMap(({ standard, version, of }) =>
      Object.entries(of).map(([event, fields]): AbiEvent => {
        const shapes = fields as Readonly<Record<string, Shape>>
        checkEventSize({ standard, version, event }, shapes)
        return { standard, version, event, data: fromFields(shapes, definitions) }
      }),
    )
    return body(functions, events, definitions)
  } catch (cause) {
    throw badSource(`${source.path}: ${(cause as Error).message}`, cause)
  }
}

function fromSpec(method: SourceMethod, spec: MethodSpec | undefined, definitions: Definitions): AbiFunction {
  if (spec?.kind !== method.kind) throw new Error(`method ${method.name} has another decorator than its name says`)
  const { args, returns, deposit, results, kind } = spec
  const named = Object.entries(args)
  const json = { serialization_type: 'json' } as const
  return {
    ...heading(method, [
      ...(kind === 'initialize' ? (['init'] as const) : []),
      ...(kind === 'callback' || kind === 'migrate' || (kind === 'initialize' && !spec.byParent)
        ? (['private'] as const)
        : []),
      ...(deposit !== undefined ? (['payable'] as const) : []),
    ]),
    ...(named.length > 0 && {
      params: { ...json, args: named.map(([name, shape]) => ({ name, type_schema: fromShape(shape, definitions) })) },
    }),
    ...(results && {
      callbacks: results.map((shape) => ({ ...json, type_schema: shape ? fromShape(shape, definitions) : {} })),
    }),
    ...(returns && { result: { ...json, type_schema: fromShape(returns, definitions) } }),
    ...(typeof deposit === 'object' && {
      deposit: 'exactly' in deposit ? { exactly: `${deposit.exactly}` } : { at_least: `${deposit.atLeast}` },
    }),
  }
}

const heading = ({ name, doc, kind }: SourceMethod, modifiers: NonNullable<AbiFunction['modifiers']>) => ({
  name,
  ...(doc && { doc }),
  kind: kind === 'view' ? ('view' as const) : ('call' as const),
  ...(modifiers.length > 0 && { modifiers }),
})

function body(functions: readonly AbiFunction[], events: readonly AbiEvent[], definitions: Definitions): Abi['body'] {
  return { functions, events, root_schema: { $schema: 'http://json-schema.org/draft-07/schema#', definitions } }
}

function evaluate(bundle: string): ContractSpec {
  // `env` may be named while loading, only not called
  const context = createContext({ env: {} })
  try {
    runInContext(bundle, context)
  } catch (cause) {
    throw badSource(`The contract throws while it loads: ${(cause as Error).message}`, cause)
  }
  return (context as Record<string, Record<string, ContractSpec>>)[SPEC]?.[SPEC] as ContractSpec
}
