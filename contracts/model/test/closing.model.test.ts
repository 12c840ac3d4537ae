import { deepStrictEqual, ok, strictEqual } from 'node:assert'
import { expect, test } from 'vitest'
import { CHANNEL_STORAGE } from '../src/channel.ts'
import { PROVIDER_STORAGE, type Provider, SESSION_STORAGE } from '../src/provider.ts'
import { CLOSE_FEE, Ledger, MS, rules } from './ledger.ts'

/** One channel whose deposit pays for two completion tokens of 10; every move of payer, host, enclave and clock. */
const DEPOSIT = 20n
const ID = 1n
const TICK = 50n * MS

function wait(ledger: Ledger, ns: bigint): void {
  ledger.now += ns
}

type Move = readonly [name: string, make: (ledger: Ledger) => void]
const moves: readonly Move[] = [
  ['deliver', (ledger) => ledger.deliver(ID, 0n, 1n)],
  ['approve', (ledger) => ledger.approve('anyone', ID)],
  ['force', (ledger) => ledger.startClose('alice', ID)],
  ['top up', (ledger) => ledger.topUp('alice', ID, 10n)],
  ['expire', (ledger) => ledger.expire('anyone', ID)],
  ['finish', (ledger) => ledger.finish('anyone', ID)],
  ['tick', (ledger) => wait(ledger, TICK)],
  ['long wait', (ledger) => wait(ledger, rules.expiry)],
]
const fault: Move = ['fault', (ledger) => ledger.judge(ID, ledger.now)]
const withdraw: Move = ['withdraw', (ledger) => ledger.withdraw('bob', 10n)]

const key = (ledger: Ledger): string =>
  [ledger.picture(), ledger.now, ...ledger.wallets, ...[...ledger.delivered].map(([, of]) => Object.values(of))].join()

function opened(): Ledger {
  const ledger = new Ledger()
  ledger.register('bob', PROVIDER_STORAGE + SESSION_STORAGE + 60n, { input: 1n, output: 3n })
  ledger.admit('bob', 'bob-enclave')
  ok(ledger.open('alice', CHANNEL_STORAGE + DEPOSIT, 'bob', 'bob-enclave'))
  return ledger
}

/** All states within `depth` moves of the opening. */
function explore(depth: number, moves: readonly Move[], visit: (ledger: Ledger) => void): number {
  const start = opened()
  const seen = new Set([key(start)])
  let frontier = [start]
  for (let at = 0; at <= depth; at++) {
    const next: Ledger[] = []
    for (const ledger of frontier) {
      visit(ledger)
      if (at === depth) continue
      for (const [, make] of moves) {
        const after = new Ledger(ledger)
        make(after)
        const name = key(after)
        if (seen.has(name)) continue
        seen.add(name)
        next.push(after)
      }
    }
    frontier = next
  }
  return seen.size
}

const DEPTH = 8

test('model check: in every state the sums hold, owner and payer are safe, and the channel can end', () => {
  const states = explore(DEPTH, [...moves, fault, withdraw], (ledger) => {
    const counted = ledger.counted()
    deepStrictEqual(ledger.books.totals, counted)
    strictEqual(
      Object.values(counted).reduce((sum, one) => sum + one, 0n),
      ledger.balance,
    )
    const [end, ...more] = ledger.ended
    strictEqual(more.length, 0)
    const used = (ledger.delivered.get(ID)?.completionTokens ?? 0n) * 10n
    if (end) {
      const { channel, spent, ownerShare, toOwner } = end
      ok(toOwner >= ownerShare, 'the owner earns every delivered token, or gets the lock')
      const answered = channel.closing !== null && spent !== null
      const lost = -ledger.wallet('alice')
      strictEqual(lost, (spent ?? 0n) + (answered ? (channel.closing?.fee ?? 0n) : 0n))
      ok(lost <= used + CLOSE_FEE, 'the payer pays for what was delivered, and for an answer it forced')
      return
    }
    // from here, what anyone may do suffices
    const rest = new Ledger(ledger)
    rest.now += rules.expiry
    rest.expire('anyone', ID)
    rest.now += rules.challengePeriod
    ok(rest.finish('anyone', ID))
    strictEqual(rest.wallet('alice'), 0n)
  })
  expect(states).toBeGreaterThan(2_000)
})

test('model check: a host that answers within the period never loses its lock', () => {
  const honest: Move = [
    'tick',
    (ledger) => {
      const closing = ledger.books.channels.get(`${ID}`)?.closing
      if (closing && ledger.now + TICK >= closing.deadline) ledger.approve('bob', ID)
      ledger.now += TICK
    },
  ]
  const wake: Move = [
    'long wait',
    (ledger) => {
      if (!ledger.books.channels.get(`${ID}`)?.closing) wait(ledger, rules.expiry)
    },
  ]
  const states = explore(DEPTH, [...moves.slice(0, 6), honest, wake, withdraw], (ledger) => {
    for (const { toOwner, ownerShare, spent } of ledger.ended) {
      ok(spent !== null, 'the channel ended on an approval')
      strictEqual(toOwner, ownerShare)
    }
    const { free, locked } = ledger.books.providers.get('bob') as Provider
    ok(ledger.wallet('bob') + free + locked >= -PROVIDER_STORAGE - SESSION_STORAGE)
  })
  expect(states).toBeGreaterThan(1_000)
})
