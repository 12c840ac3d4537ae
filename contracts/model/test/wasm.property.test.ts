import fc from 'fast-check'
import { beforeAll, expect, test } from 'vitest'
import { CHANNEL_STORAGE, CLOSE_FEE, Key, MILLI, modelWasm, NEAR, World } from './world.ts'

let wasm: Uint8Array
beforeAll(async () => {
  wasm = await modelWasm()
})

const id = fc.bigInt({ min: 1n, max: 4n })
const who = fc.constantFrom('alice' as const, 'bob' as const, 'mallory' as const)
const tokens = fc.bigInt({ min: 0n, max: 150_000n })
const step = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('open' as const),
      who,
      toMallory: fc.boolean(),
      amount: fc.bigInt({ min: 1n, max: 3n }),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('approve' as const),
      who,
      id,
      tokens,
      method: fc.constantFrom('close', 'answer_close'),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('forge' as const),
      who,
      id,
      tokens,
      spent: fc.option(fc.bigInt({ min: 0n, max: 5n }), { nil: undefined }),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('force' as const), who, id }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constantFrom('finish_close' as const, 'expire' as const, 'close_disconnected' as const),
      who,
      id,
    }),
  },
  fc.record({ do: fc.constant('top_up' as const), who, id, amount: fc.bigInt({ min: 0n, max: 2n }) }),
  fc.record({ do: fc.constant('withdraw' as const), who, amount: fc.bigInt({ min: 0n, max: 9n }) }),
  fc.record({ do: fc.constant('wait' as const), expiry: fc.boolean() }),
)

/** So that most of what follows meets a channel. */
const OPENED = [
  { do: 'open', who: 'alice', toMallory: false, amount: 3n },
  { do: 'open', who: 'bob', toMallory: true, amount: 2n },
] as const

test('in wasm: whatever anyone calls in whatever order, the balance is the books to the yocto', () => {
  const start = new World(wasm)
  const { chain } = start
  const mallory = chain.root.createAccount('mallory', { balance: 100n * NEAR })
  const broken = new Key('broken')
  start.host(start.bob, 10n * NEAR)
  start.host(mallory, 5n * NEAR, { key: broken })
  const clean = chain.snapshot()
  let done = 0
  fc.assert(
    fc.property(fc.array(step, { minLength: 20, maxLength: 30, size: 'max' }), (steps) => {
      chain.revert(clean)
      const by = { alice: start.alice, bob: start.bob, mallory }
      let consents = 0n
      for (const one of [...OPENED, ...steps]) {
        const call = (method: string, args: object, deposit = 0n): boolean => {
          const { who } = one as { who: keyof typeof by }
          const { error } = start.call(by[who], method, args, { deposit, mayFail: true })
          if (error === null) done++
          return error === null
        }
        if (one.do === 'open') {
          const host = one.toMallory ? { provider: mallory.accountId, session_key: broken.hex } : {}
          call('open_channel', start.openArgs(host), one.amount * NEAR + CHANNEL_STORAGE)
        } else if (one.do === 'approve')
          call(one.method, start.approval({ channelId: one.id, completionTokens: one.tokens }))
        else if (one.do === 'forge') {
          const spent = one.spent === undefined ? {} : { spent: one.spent * NEAR }
          call('close', start.approval({ channelId: one.id, completionTokens: one.tokens * 4n, ...spent }, broken))
        } else if (one.do === 'force') call('start_close', { channel_id: one.id }, CLOSE_FEE)
        else if (one.do === 'top_up') call('top_up', { channel_id: one.id }, one.amount * 500n * MILLI)
        else if (one.do === 'withdraw') {
          if (call('withdraw_collateral', { amount: one.amount * NEAR }, 1n)) consents++
        } else if (one.do === 'wait') {
          if (one.expiry) start.afterExpiry()
          else start.afterPeriod()
        } else call(one.do, { channel_id: one.id })
        expect(start.surplus()).toBe(consents)
      }
    }),
    { numRuns: 5 },
  )
  expect(done).toBeGreaterThan(12)
})
