import { deepStrictEqual, strictEqual } from 'node:assert'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { CHANNEL_STORAGE, type Channel } from '../src/channel.ts'
import { PROVIDER_STORAGE, SESSION_STORAGE } from '../src/provider.ts'
import { CLOSE_FEE, Ledger, MS, rules } from './ledger.ts'

/**
 * alice and bob are honest, bob's enclave too. mallory hosts with an enclave that signs anything, eve pays and forces,
 * treasury is the owner's. All methods, in any order, by anyone.
 */
const PARTIES = ['alice', 'bob', 'mallory', 'eve', 'treasury'] as const
const KEYS: Record<string, string> = { bob: 'bob-enclave', mallory: 'mallory-enclave' }

/** Some seconds; 20,000 were run once. */
const RUNS = 400

const who = fc.constantFrom(...PARTIES)
const host = fc.constantFrom('bob', 'mallory')
const id = fc.bigInt({ min: 0n, max: 6n })
const amount = fc.bigInt({ min: 0n, max: 2000n })
const tokens = fc.bigInt({ min: 0n, max: 60n })

const step = fc.oneof(
  fc.record({ do: fc.constant('register' as const), who: host, amount }),
  fc.record({ do: fc.constant('collateral' as const), who: host, amount }),
  fc.record({ do: fc.constant('withdraw' as const), who, amount }),
  fc.record({ do: fc.constant('sessions' as const), who: host, admit: fc.boolean() }),
  fc.record({ do: fc.constant('leave' as const), who }),
  { weight: 4, arbitrary: fc.record({ do: fc.constant('open' as const), who, host, amount }) },
  fc.record({ do: fc.constant('top-up' as const), who, id, amount }),
  { weight: 4, arbitrary: fc.record({ do: fc.constant('use' as const), id, prompt: tokens, completion: tokens }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('approve' as const), who, id }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('forge' as const), who, id, prompt: tokens, spent: amount }) },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constant('start' as const), who, id, fee: fc.constantFrom(CLOSE_FEE, 0n, 11n) }),
  },
  fc.record({ do: fc.constant('expire' as const), who, id }),
  { weight: 2, arbitrary: fc.record({ do: fc.constant('finish' as const), who, id }) },
  fc.record({ do: fc.constant('judge' as const), id, at: fc.option(fc.bigInt({ min: 0n, max: 3000n })) }),
  fc.record({ do: fc.constant('collect' as const), who }),
  fc.record({ do: fc.constant('vanish' as const), who, back: fc.boolean() }),
  fc.record({ do: fc.constant('prices' as const), amount: fc.bigInt({ min: 0n, max: 9n }) }),
  { weight: 3, arbitrary: fc.record({ do: fc.constant('wait' as const), ms: fc.bigInt({ min: 1n, max: 400n }) }) },
)
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never

function take(ledger: Ledger, step: Step): void {
  switch (step.do) {
    case 'register':
      ledger.register(step.who, PROVIDER_STORAGE + SESSION_STORAGE + step.amount, { input: 1n, output: 3n })
      ledger.admit(step.who, KEYS[step.who] as string)
      return
    case 'collateral':
      ledger.deposit(step.who, step.amount)
      return
    case 'withdraw':
      ledger.withdraw(step.who, step.amount)
      return
    case 'sessions':
      if (step.admit) ledger.admit(step.who, KEYS[step.who] as string)
      else ledger.dismiss(step.who, KEYS[step.who] as string)
      return
    case 'leave':
      ledger.leave(step.who)
      return
    case 'open':
      ledger.open(step.who, CHANNEL_STORAGE + step.amount, step.host, KEYS[step.host] as string)
      return
    case 'top-up':
      ledger.topUp(step.who, step.id, step.amount)
      return
    case 'use':
      ledger.deliver(step.id, step.prompt, step.completion)
      return
    case 'approve':
      ledger.approve(step.who, step.id)
      return
    case 'forge': {
      const facts = { ...ledger.facts(step.id), promptTokens: step.prompt, spent: step.spent }
      const channel: Channel | null = ledger.books.channels.get(`${step.id}`)
      // also facts whose sum is right
      if (channel && step.spent % 2n === 0n)
        facts.spent =
          step.prompt * (channel.prices.ownerInput + channel.prices.hostInput) +
          facts.completionTokens * (channel.prices.ownerOutput + channel.prices.hostOutput)
      ledger.close(step.who, facts, ({ sessionKey }) => sessionKey === KEYS.mallory)
      return
    }
    case 'start':
      ledger.startClose(step.who, step.id, step.fee)
      return
    case 'expire':
      ledger.expire(step.who, step.id)
      return
    case 'finish':
      ledger.finish(step.who, step.id)
      return
    case 'judge':
      ledger.judge(step.id, step.at === null ? null : step.at * MS)
      return
    case 'collect':
      ledger.collect('eve', step.who)
      return
    case 'vanish':
      if (step.back) ledger.gone.delete(step.who)
      else ledger.gone.add(step.who)
      return
    case 'prices':
      ledger.ownerPrices = { input: step.amount, output: step.amount }
      return
    case 'wait':
      ledger.now += step.ms * MS
  }
}

function check(ledger: Ledger): void {
  const { totals, channels, providers } = ledger.books
  const counted = ledger.counted()
  deepStrictEqual(totals, counted)
  strictEqual(
    Object.values(counted).reduce((sum, one) => sum + one, 0n),
    ledger.balance,
  )
  for (const [account, { free, locked }] of providers) {
    const own = [...channels.values()].filter(({ provider }) => provider === account)
    strictEqual(
      locked,
      own.reduce((sum, { deposited }) => sum + deposited, 0n),
    )
    strictEqual(free >= 0n, true)
  }
  for (const { channel, toOwner, toProvider, toPayer, spent, ownerShare } of ledger.ended) {
    const { deposited, closing, provider } = channel
    const fee = closing?.fee ?? 0n
    if (spent === null) {
      // the payer whole, the lock to the owner: never less than what was delivered earned it
      deepStrictEqual([toOwner, toProvider, toPayer], [deposited, 0n, deposited + fee + CHANNEL_STORAGE])
      strictEqual(toOwner >= ownerShare, true)
    } else {
      strictEqual(toOwner + toProvider + toPayer, deposited + fee + CHANNEL_STORAGE)
      strictEqual(spent <= deposited, true)
      if (provider === 'bob') strictEqual(toOwner, ownerShare)
    }
  }
}

/** Everybody uses what anybody may: then nothing is left. */
function wind(ledger: Ledger): void {
  ledger.gone.clear()
  ledger.now += rules.expiry
  for (const key of [...ledger.books.channels.keys()]) ledger.expire('eve', BigInt(key))
  ledger.now += rules.challengePeriod
  for (const key of [...ledger.books.channels.keys()]) expect(ledger.finish('eve', BigInt(key))).toBe(true)
  expect(ledger.books.channels.size).toBe(0)
  for (const account of PARTIES) ledger.collect('eve', account)
  for (const [account, key] of Object.entries(KEYS)) {
    ledger.dismiss(account, key)
    ledger.leave(account)
  }
  expect(ledger.books.totals).toEqual({ deposited: 0n, collateral: 0n, owed: 0n, fees: 0n, storage: 0n })
  expect(ledger.balance).toBe(0n)
  expect([...ledger.wallets.values()].reduce((sum, one) => sum + one, 0n)).toBe(0n)
}

test('books: whatever anyone does in whatever order, every yocto is accounted for and every channel ends', () => {
  let ended = 0
  fc.assert(
    fc.property(fc.array(step, { minLength: 30, maxLength: 120, size: 'max' }), (steps) => {
      const ledger = new Ledger()
      ledger.register('bob', PROVIDER_STORAGE + SESSION_STORAGE + 6000n, { input: 1n, output: 3n })
      ledger.admit('bob', KEYS.bob as string)
      for (const one of steps) {
        take(ledger, one)
        check(ledger)
      }
      ended += ledger.ended.length
      wind(ledger)
      check(ledger)
    }),
    { numRuns: RUNS },
  )
  // the steps are not all refused
  expect(ended).toBeGreaterThan(RUNS)
})
