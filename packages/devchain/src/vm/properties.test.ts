import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type Step, script } from '../../test/script.ts'
import { run, type Setup, TestExternal } from '../../test/vm.ts'
import { isActionCost, WASM_INSTRUCTION } from './profile.ts'
import type { VmOutcome } from './types.ts'

const REGISTER = 2n ** 64n - 1n
const text = fc.string({ maxLength: 12 })
const register = fc.bigInt({ min: 0n, max: 3n })
/** Zeros at the start of memory that no data was put to would do, but a pointer past it must work as well. */
const amountAt = fc.constantFrom(60_000n, 65_530n)
const account = fc.constantFrom('alice.near', 'bob.near', 'a'.repeat(64), 'Not An Account')
const promise = fc.bigInt({ min: 0n, max: 3n })
const gas = fc.constantFrom(0n, 1n, 10n ** 12n, 10n ** 15n)

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.tuple(fc.constant('log_utf8'), text),
  fc.tuple(fc.constant('storage_write'), text, text, register),
  fc.tuple(fc.constant('storage_read'), text, register),
  fc.tuple(fc.constant('storage_remove'), text, register),
  fc.tuple(fc.constant('storage_write'), text, fc.constant(REGISTER), register, register),
  fc.tuple(fc.constant('sha256'), text, register),
  fc.tuple(fc.constant('input'), register),
  fc.tuple(fc.constant('write_register'), register, text),
  fc.tuple(fc.constant('read_register'), register, amountAt),
  fc.tuple(fc.constant('value_return'), text),
  fc.tuple(fc.constant('promise_batch_create'), account),
  fc.tuple(fc.constant('promise_batch_then'), promise, account),
  fc.tuple(fc.constant('promise_batch_action_transfer'), promise, amountAt),
  fc.tuple(fc.constant('promise_batch_action_function_call_weight'), promise, text, text, amountAt, gas, promise),
  fc.tuple(fc.constant('promise_yield_create'), text, text, gas, promise, register),
  fc.tuple(fc.constant('promise_return'), promise),
) as fc.Arbitrary<Step>

const steps = fc.array(step, { maxLength: 8 })

function play(code: Uint8Array, setup: Setup = {}): { outcome: VmOutcome; effects: readonly string[] } {
  const external = new TestExternal()
  external.nodes = 4
  const outcome = run(code, { ...setup, external })
  return { outcome, effects: external.effects }
}

const isPrefix = <T>(part: readonly T[], whole: readonly T[]): boolean =>
  part.every((item, at) => Object.is(item, whole[at]))

function expectSound({ burntGas, usedGas, profile, aborted, receipts }: VmOutcome, prepaid: bigint): void {
  expect(burntGas >= 0n && burntGas <= usedGas && usedGas <= prepaid).toBe(true)
  const charges = [...profile.values()]
  expect(charges.every((charge) => charge > 0n)).toBe(true)
  expect(charges.reduce((sum, charge) => sum + charge, 0n)).toBe(burntGas)
  if (aborted !== null) expect(receipts).toEqual([])
}

test('burnt ≤ used ≤ prepaid, and the profile sums up, whatever a contract calls', () => {
  fc.assert(
    fc.property(steps, (calls) => {
      const prepaidGas = 300_000_000_000_000n
      expectSound(play(script(calls), { prepaidGas }).outcome, prepaidGas)
    }),
    { numRuns: 60 },
  )
})

test('running out of gas anywhere leaves a prefix of the logs and effects, and burns what was there', () => {
  fc.assert(
    fc.property(steps, fc.double({ min: 0, max: 1, noNaN: true }), (calls, share) => {
      const code = script(calls)
      const whole = play(code)
      const prepaidGas = BigInt(Math.floor(Number(whole.outcome.usedGas) * share))
      const part = play(code, { prepaidGas })
      expectSound(part.outcome, prepaidGas)
      expect(isPrefix(part.outcome.logs, whole.outcome.logs)).toBe(true)
      expect(isPrefix(part.effects, whole.effects)).toBe(true)
      if (part.outcome.aborted?.ExecutionError === 'Exceeded the prepaid gas.')
        expect(part.outcome.usedGas).toBe(prepaidGas)
    }),
    { numRuns: 60 },
  )
})

test('the same call has the same outcome, and exactly its gas is enough', () => {
  fc.assert(
    fc.property(steps, (calls) => {
      const code = script(calls)
      const first = play(code)
      expect(play(code)).toEqual(first)
      if (first.outcome.aborted !== null || [...first.outcome.receipts].some(hasCall)) return
      const { usedGas } = first.outcome
      expect(play(code, { prepaidGas: usedGas }).outcome.aborted).toBe(null)
      expect(play(code, { prepaidGas: usedGas - 1n }).outcome.aborted).toEqual({
        ExecutionError: 'Exceeded the prepaid gas.',
      })
    }),
    { numRuns: 40 },
  )
})

/** Weights give all gas away, so that what is used is what was prepaid. */
const hasCall = ({ actions }: VmOutcome['receipts'][number]): boolean =>
  actions.some(({ type }) => type === 'FunctionCall')

test('a view burns what a call burns, until it does what views may not', () => {
  fc.assert(
    fc.property(steps, (calls) => {
      const code = script(calls.filter(([name]) => !/^promise|storage_(write|remove)/.test(name)))
      const call = play(code).outcome
      const view = play(code, { view: { maxGasBurnt: 300_000_000_000_000n }, prepaidGas: 0n }).outcome
      expect(view).toEqual(call)
    }),
    { numRuns: 30 },
  )
})

test('costs of a profile are of one kind each', () => {
  const { profile } = play(
    script([
      ['promise_batch_create', 'bob.near'],
      ['promise_batch_action_transfer', 0n, 60_000n],
      ['log_utf8', 'x'],
    ]),
  ).outcome
  const actions = [...profile.keys()].filter(isActionCost)
  expect(actions).toEqual(['new_action_receipt', 'transfer'])
  expect(isActionCost(WASM_INSTRUCTION)).toBe(false)
  expect(isActionCost('log_base')).toBe(false)
})
