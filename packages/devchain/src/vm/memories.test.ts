import fc from 'fast-check'
import { afterEach, expect, test, vi } from 'vitest'
import { run, type Setup, TestExternal } from '../../test/vm.ts'
import { wat } from '../../test/wasm/wat.ts'
import { paramsFor } from '../params/index.ts'
import { webAssembly } from '../wasm/index.ts'
import { Memories } from './memories.ts'

const PAGE = 65_536
const SMALL = 32 * PAGE
const WHOLE = 1024 * PAGE

afterEach(() => vi.restoreAllMocks())

/** From here to the test's end, every call gets all its memory at once. */
const wholeFromTheStart = () =>
  vi.spyOn(Memories.prototype, 'for').mockImplementation(() => ({
    memory: new webAssembly.Memory({ initial: 1024, maximum: 2048 }),
    missing: 0,
  }))

/** How many attempts a call takes on a machine that has not seen its code. */
function attempts(code: Uint8Array, setup: Setup = {}): number {
  const spy = vi.spyOn(Memories.prototype, 'for')
  run(code, { ...setup, params: { ...paramsFor(86) } })
  const count = spy.mock.calls.length
  spy.mockRestore()
  return count
}

function play(code: Uint8Array, setup: Setup = {}) {
  const external = new TestExternal()
  external.nodes = 3
  const outcome = run(code, { ...setup, external, params: { ...paramsFor(86) } })
  return { outcome, effects: external.effects, state: external.state, nextDataId: external.generateDataId() }
}

const imports = `
  (import "env" "log_utf8" (func $log (param i64 i64)))
  (import "env" "value_return" (func $return (param i64 i64)))
  (import "env" "sha256" (func $sha256 (param i64 i64 i64)))
  (import "env" "read_register" (func $read_register (param i64 i64)))
  (import "env" "storage_write" (func $write (param i64 i64 i64 i64 i64) (result i64)))
  (import "env" "storage_remove" (func $remove (param i64 i64 i64) (result i64)))
  (import "env" "promise_batch_create" (func $batch (param i64 i64) (result i64)))
  (import "env" "promise_yield_create" (func $yield (param i64 i64 i64 i64 i64 i64 i64) (result i64)))`

/** A module whose `main` returns what it left at the start of memory, unless it returns before. */
const module = (body: string, { start = '', data = 0 } = {}) =>
  wat(`(module ${imports} (memory 1) (global $seen (mut i32) (i32.const 0))
    (data (i32.const 16) "bob.near") (data (i32.const ${data}) "ab") (data $passive "passive")
    ${start === '' ? '' : `(func $start ${start}) (start $start)`}
    (func (export "main") ${body} (call $return (i64.const 48) (i64.const 0))))`)

const edge = fc.constantFrom(0, SMALL, WHOLE, WHOLE + PAGE, 2 ** 32)
const address = fc
  .tuple(edge, fc.integer({ min: -9, max: 9 }))
  .map(([at, offset]) => Math.min(Math.max(at + offset, 0), 2 ** 32 - 1))
/** Mostly within the small memory, so that calls go some way before they leave it. */
const place = fc.oneof(
  { weight: 3, arbitrary: fc.integer({ min: 0, max: 4 * PAGE }) },
  { weight: 1, arbitrary: address },
)
const count = fc.oneof(fc.integer({ min: 0, max: 40 }), fc.constantFrom(PAGE, SMALL, WHOLE))
const pages = fc.constantFrom(0, 1, 1024, 1025, 2 ** 31)
const width = fc.constantFrom('i32.load8_u', 'i32.load16_u', 'i32.load')

const operator = fc.oneof(
  fc
    .tuple(width, place)
    .map(([load, at]) => `(global.set $seen (i32.add (global.get $seen) (${load} (i32.const ${at}))))`),
  fc.tuple(place, fc.nat(255)).map(([at, value]) => `(i64.store (i32.const ${at}) (i64.const ${value}))`),
  fc.constant('(i32.store (i32.const 8) (memory.size))'),
  pages.map((by) => `(i32.store (i32.const 12) (memory.grow (i32.const ${by})))`),
  fc.constant('(i32.store (i32.const 12) (memory.grow (memory.size)))'),
  fc.tuple(place, count).map(([at, n]) => `(memory.fill (i32.const ${at}) (i32.const 65) (i32.const ${n}))`),
  fc
    .tuple(place, place, count)
    .map(([to, from, n]) => `(memory.copy (i32.const ${to}) (i32.const ${from}) (i32.const ${n}))`),
  place.map((at) => `(memory.init $passive (i32.const ${at}) (i32.const 0) (i32.const 7))`),
  fc.constant('(data.drop $passive)'),
  place.map((at) => `(call $log (i64.const 3) (i64.const ${at}))`),
  place.map((at) => `(call $return (i64.const 16) (i64.const ${at}))`),
  place.map((at) => `(call $sha256 (i64.const 9) (i64.const ${at}) (i64.const 1))`),
  place.map((at) => `(call $read_register (i64.const 1) (i64.const ${at}))`),
  fc
    .tuple(place, place)
    .map(
      ([k, v]) => `(drop (call $write (i64.const 2) (i64.const ${k}) (i64.const 5) (i64.const ${v}) (i64.const 1)))`,
    ),
  place.map((k) => `(drop (call $remove (i64.const 2) (i64.const ${k}) (i64.const 1)))`),
  fc.constant('(drop (call $batch (i64.const 8) (i64.const 16)))'),
  fc.constant(
    '(drop (call $yield (i64.const 3) (i64.const 16) (i64.const 0) (i64.const 0) (i64.const 0) (i64.const 0) (i64.const 2)))',
  ),
  fc.constantFrom(
    '(unreachable)',
    '(drop (i32.div_u (i32.const 1) (global.get $seen)))',
    '(if (global.get $seen) (then (return)))',
  ),
)
const operators = fc.array(operator, { maxLength: 10 }).map((all) => all.join('\n'))
const start = fc.oneof({ weight: 5, arbitrary: fc.constant('') }, { weight: 1, arbitrary: operators })
const data = fc.oneof({ weight: 5, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: address })

test('whatever a contract does, and wherever its gas ends, it cannot tell that it was tried on less memory', () => {
  fc.assert(
    fc.property(
      operators,
      start,
      data,
      fc.double({ min: 0, max: 1, noNaN: true }),
      (body, starting, segment, share) => {
        const code = module(body, { start: starting, data: segment })
        const tried = play(code)
        const prepaidGas = BigInt(Math.floor(Number(tried.outcome.usedGas) * share))
        const triedShort = play(code, { prepaidGas })
        const spy = wholeFromTheStart()
        expect(tried).toEqual(play(code))
        expect(triedShort).toEqual(play(code, { prepaidGas }))
        spy.mockRestore()
      },
    ),
    { numRuns: 100 },
  )
})

test.each<[what: string, body: string, attempts: number]>([
  ['stays within it', `(i32.store8 (i32.const ${SMALL - 1}) (memory.size))`, 1],
  ['stores beyond it', `(i32.store8 (i32.const ${SMALL}) (i32.const 1))`, 2],
  ['stores across its end', `(i32.store (i32.const ${SMALL - 3}) (i32.const 1))`, 2],
  ['shows the host what is beyond it', `(call $log (i64.const 1) (i64.const ${SMALL}))`, 2],
  ['fills beyond it', `(memory.fill (i32.const 0) (i32.const 0) (i32.const ${SMALL + 1}))`, 2],
  ['grows, if by nothing', '(drop (memory.grow (i32.const 0)))', 2],
  ['traps for another reason', '(unreachable)', 1],
])('code that %s', (_, body, expected) => {
  expect(attempts(module(body))).toBe(expected)
})

test('code that outgrew the small memory once gets all of it from then on', () => {
  const code = module(`(i32.store8 (i32.const ${SMALL}) (i32.const 1))`)
  const params = { ...paramsFor(86) }
  const spy = vi.spyOn(Memories.prototype, 'for')
  for (let i = 0; i < 3; i++) expect(run(code, { params }).aborted).toBe(null)
  expect(spy.mock.results.map(({ value }) => value.missing)).toEqual([1024 - 32, 0, 0, 0])
})

test('an attempt leaves nothing: no state, no data id, no log', () => {
  const code = module(`(call $log (i64.const 2) (i64.const 0))
    (drop (call $write (i64.const 2) (i64.const 0) (i64.const 2) (i64.const 0) (i64.const 1)))
    (drop (call $yield (i64.const 3) (i64.const 16) (i64.const 0) (i64.const 0) (i64.const 0) (i64.const 0) (i64.const 2)))
    (i32.store8 (i32.const ${SMALL}) (i32.const 1))`)
  const { outcome, effects, nextDataId } = play(code)
  expect(outcome).toMatchObject({ aborted: null, logs: ['ab'] })
  expect(outcome.receipts).toHaveLength(1)
  expect(effects).toEqual(['set 6162 6162'])
  expect(nextDataId[0]).toBe(2)
})

test('each call finds zeros, and results of earlier ones stay as they were', () => {
  const fills = module(`(memory.fill (i32.const 0) (i32.const 65) (i32.const ${SMALL}))
    (call $return (i64.const ${PAGE}) (i64.const 64)) (return)`)
  const looks = module(`(call $return (i64.const ${SMALL - 32}) (i64.const 32)) (return)`)
  const filled = run(fills).returnData
  const { returnData } = run(looks, { params: paramsFor(86) })
  expect(returnData.type === 'Value' && returnData.value.every((byte) => byte === 0)).toBe(true)
  expect(filled).toEqual({ type: 'Value', value: new Uint8Array(PAGE).fill(65) })
})
