import { expect, test } from 'vitest'
import { renderTrace } from '../chain/render-trace.ts'
import { createDevchain } from '../devchain.ts'
import { contract } from '../runtime/test/contracts.ts'
import { formatGasReport, gasReport } from './gas-report.ts'

const NEAR = 10n ** 24n

/** Keeps its input under "k", says so, reads it back, or panics half-way through a write. */
const notes = contract(`
  (data (i32.const 0) "k") (data (i32.const 8) "noted") (data (i32.const 16) "no more paper")
  (func $keep (call $input (i64.const 0)) (drop (call $storage_write (i64.const 1) (i64.const 0) (i64.const -1) (i64.const 0) (i64.const 1))))
  (func (export "keep") (call $keep) (call $log (i64.const 5) (i64.const 8)))
  (func (export "show") (drop (call $storage_read (i64.const 1) (i64.const 0) (i64.const 2))) (call $value_return (i64.const -1) (i64.const 2)))
  (func (export "tear") (call $keep) (call $panic (i64.const 13) (i64.const 16)))`)

const start = () => {
  const chain = createDevchain()
  const alice = chain.root.createAccount('alice')
  const pad = chain.root.createAccount('pad', { balance: 20n * NEAR })
  pad.deploy(notes)
  return { chain, alice, pad }
}

test('accounts are made, contracts deployed, called and viewed, each in a line', () => {
  const { alice, pad } = start()
  expect(alice.balance).toBe(100n * NEAR)
  const result = alice.call(pad, 'keep', { text: 'hello' }, { deposit: 5n })
  expect(result.logs).toEqual(['noted'])
  expect(result.gasBurnt).toBeGreaterThan(10n ** 12n)
  expect(pad.view('show')).toEqual({ text: 'hello' })
  expect(alice.call(pad, 'show').json()).toEqual({ text: 'hello' })
  expect(pad.deploy(notes, { method: 'keep', args: { text: 'again' } }).error).toBeNull()
  expect(pad.view('show')).toEqual({ text: 'again' })
})

test('a failed call throws its trace, unless it may fail', () => {
  const { alice, pad } = start()
  expect(() => alice.call(pad, 'tear', { text: 'x' })).toThrow(
    /no more paper[\s\S]*✗ alice\.test\.near → pad\.test\.near: tear/,
  )
  const result = alice.call(pad, 'tear', { text: 'x' }, { mayFail: true })
  expect(result.error).toBe('Smart contract panicked: no more paper')
  expect(result.value).toBeNull()
  expect(result.json()).toBeNull()
  expect(() => pad.view('tear')).toThrow(expect.objectContaining({ code: 'devchain_view_failed' }))
  expect(() => pad.view('missing')).toThrow(/MethodNotFound/)
})

test('a trace shows what changed, what it cost and where it went', () => {
  const { alice, pad } = start()
  alice.call(pad, 'keep', { n: 1 })
  const { trace } = alice.call(pad, 'keep', { n: 2 })
  const [call] = trace.root.children
  expect(call?.storage).toEqual(
    [
      {
        accountId: pad.accountId,
        key: Buffer.from('k'),
        before: Buffer.from('{"n":1}'),
        after: Buffer.from('{"n":2}'),
      },
    ].map((change) => ({
      ...change,
      key: expect.objectContaining({ length: 1 }),
      before: expect.anything(),
      after: expect.anything(),
    })),
  )
  const text = renderTrace(trace)
  expect(text).toContain('✓ alice.test.near → pad.test.near: keep({"n":2})')
  expect(text).toContain('log: noted')
  expect(text).toContain('storage: pad.test.near[k] {"n":1} → {"n":2}')
  expect(text).toMatch(/gas: contract_loading_bytes|gas: storage_write_base|gas: function_call_base/)
  const failed = alice.call(pad, 'tear', { n: 3 }, { mayFail: true }).trace
  expect(failed.root.children[0]?.storage).toEqual([])
  expect(renderTrace(failed)).toContain('error: Smart contract panicked: no more paper')
  expect(renderTrace(alice.transfer(pad, 3n * 10n ** 23n).trace)).toContain('pad.test.near: Transfer 0.3 NEAR, block')
})

test('the gas report counts calls and failures by method', () => {
  const { chain, alice, pad } = start()
  for (let n = 0; n < 3; n++) alice.call(pad, 'keep', { n })
  alice.call(pad, 'tear', {}, { mayFail: true })
  const rows = gasReport(chain)
  expect(rows.map(({ method, calls, failed }) => [method, calls, failed]).toSorted()).toEqual([
    ['keep', 3, 0],
    ['tear', 1, 1],
  ])
  for (const { least, median, most } of rows) expect(least <= median && median <= most).toBe(true)
  expect(formatGasReport(rows).split('\n')).toHaveLength(3)
})

test('an account that does not exist says so', () => {
  const { chain } = start()
  expect(() => chain.account('ghost.near').balance).toThrow(
    expect.objectContaining({ code: 'devchain_account_unknown' }),
  )
})
