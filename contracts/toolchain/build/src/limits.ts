import { DcmlError } from '@dcml/protocol'
import { WasmError } from './wasm/bytes.ts'
import { measure } from './wasm/measure.ts'
import { type Module, readModule } from './wasm/module.ts'
import { SECTION } from './wasm/sections.ts'

/** Default size budget: about 0.56 Tgas of loading fee in every call. */
export const DEFAULT_BUDGET = 512_000

/** One limit, named, with what the module has. */
export interface LimitCheck {
  readonly limit: string
  readonly found: number
  readonly most: number
  readonly pass: boolean
}

/** Protocol 86: `limit_config` of nearcore's runtime configuration, and the memory every contract starts with. */
const MOST = {
  bytes: 4_194_304,
  functions: 10_000,
  types: 1_024,
  locals: 1_000_000,
  params: 50_000,
  'params of one function': 64,
  'results of one function': 1,
  tables: 1,
  'table elements': 10_000,
  'bytes of one body': 196_608,
  'blocks of one function': 5_000,
  blocks: 50_000,
  'operand bytes of one function': 8_192,
  'stack bytes of one call': 262_144,
  'pages of memory': 1_024,
  'start functions': 0,
} as const

/**
 * Measures a module against everything NEAR limits in a contract, and against a size budget of one's own. Operands are
 * counted at 8 bytes each, which can only be too many.
 * @throws DcmlError `contract_limit` for bytes that are no module, or an instruction NEAR does not know
 */
export function checkLimits(wasm: Uint8Array, budget?: number): LimitCheck[] {
  try {
    return measureLimits(wasm, budget)
  } catch (cause) {
    if (!(cause instanceof WasmError)) throw cause
    throw new DcmlError('contract_limit', `This is no module that NEAR takes: ${cause.message}.`, {
      hint: 'Build it for WebAssembly without SIMD, threads, tail calls and exceptions.',
      cause,
    })
  }
}

function measureLimits(wasm: Uint8Array, budget: number | undefined): LimitCheck[] {
  const module = readModule(wasm)
  const found: Record<keyof typeof MOST, number> = { ...declared(module, wasm.length), ...executed(module) }
  const check = (limit: string, value: number, most: number) => ({ limit, found: value, most, pass: value <= most })
  return [
    ...Object.entries(MOST).map(([limit, most]) => check(limit, found[limit as keyof typeof MOST], most)),
    // NEAR refuses every call of a contract with one import it does not know
    check('imports outside env', module.imports.filter((i) => i.module !== 'env').length, 0),
    ...(budget === undefined ? [] : [check('bytes of the budget', wasm.length, budget)]),
  ]
}

/** @throws DcmlError `contract_limit`, naming the first limit passed */
export function enforceLimits(wasm: Uint8Array, budget: number): void {
  const over = checkLimits(wasm, budget).find(({ pass }) => !pass)
  if (!over) return
  const { limit, found, most } = over
  throw new DcmlError('contract_limit', `The contract has ${found} ${limit}; the most is ${most}.`, {
    hint: limit.startsWith('bytes')
      ? 'Import less, or raise the budget.'
      : 'Split the contract or its largest function.',
    details: { limit, found, most },
  })
}

function declared(module: Module, bytes: number) {
  const { types, imports, functions, tables, bodies, sections } = module
  const signatures = functions.map((type) => types[type]?.params.length ?? 0)
  return {
    bytes,
    functions: imports.length + functions.length,
    types: types.length,
    locals: bodies.reduce((sum, { locals }) => sum + locals.reduce((of, { count }) => of + count, 0), 0),
    params: signatures.reduce((sum, count) => sum + count, 0),
    'params of one function': most(types.map(({ params }) => params.length)),
    'results of one function': most(types.map(({ results }) => results.length)),
    tables: tables.length,
    'table elements': most(tables.map(({ minimum }) => minimum)),
    'bytes of one body': most(bodies.map(({ size }) => size)),
    'pages of memory': most(module.memories),
    'start functions': sections.filter(({ id }) => id === SECTION.start).length,
  }
}

function executed(module: Module) {
  const measured = module.bodies.map((body, at) => measure(module, body, module.functions[at] ?? 0))
  return {
    'blocks of one function': most(measured.map(({ blocks }) => blocks)),
    blocks: measured.reduce((sum, { blocks }) => sum + blocks, 0),
    'operand bytes of one function': most(measured.map(({ operands }) => operands)),
    'stack bytes of one call': most(measured.map(({ frame }) => frame)),
  }
}

const most = (values: readonly number[]): number => values.reduce((a, b) => Math.max(a, b), 0)
