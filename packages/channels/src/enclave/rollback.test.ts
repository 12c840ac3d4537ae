// The attacks of paper §6.1: snapshots, clones, and a host that stops the machine wherever it likes.
import { signVoucher, toHex } from '@dcml/protocol'
import { expect, test } from 'vitest'
import {
  alice,
  bytes,
  chain,
  closeStart,
  codeOf,
  identity,
  newLedger,
  opening,
  openLedger,
  proven,
  session,
  tokens,
  topUp,
} from '../../test/world.ts'
import { antiRollbackCompliance, memoryAntiRollback, memoryStateStore, stateStoreCompliance } from '../testing.ts'
import type { AntiRollback } from './anti-rollback.ts'
import type { EnclaveLedger } from './ledger.ts'

const voucher = (authorised: bigint) => signVoucher(chain, { channelId: 1n, authorised }, alice)

async function spend(ledger: EnclaveLedger, request: string, completion: number): Promise<void> {
  await ledger.reserve(1n, request, tokens(0, completion))
  ledger.deliver(1n, request, tokens(0, completion))
  await ledger.release(1n, request)
}

test.each(
  antiRollbackCompliance(async () => {
    const handle = memoryAntiRollback()
    return { handle, again: async () => handle }
  }),
)('memory anti-rollback $name', ({ run }) => run())

test.each(
  stateStoreCompliance(async () => {
    const store = memoryStateStore()
    return { life: async () => store }
  }),
)('memory state store $name', ({ run }) => run())

test('snapshot-restore: a channel used up and set back serves and approves nothing', async () => {
  const { ledger, store, again } = await openLedger()
  await ledger.acceptVoucher(await voucher(1000n))
  const fresh = store.states.slice()
  await spend(ledger, 'a', 125)
  store.offered = fresh
  expect(await codeOf(again)).toBe('channel_state_rolled_back')
  store.offered = []
  expect(await codeOf(again)).toBe('channel_state_missing')
  const flip = (written: Uint8Array) => written.with(-1, written.at(-1)! ^ 1)
  store.offered = store.states.map(({ image, changes }) => ({ image, changes: changes.map(flip) }))
  expect(await codeOf(again)).toBe('channel_state_rolled_back')
  store.offered = store.states.map(({ image, changes }) => ({ image: flip(image), changes }))
  expect(await codeOf(again)).toBe('channel_state_rolled_back')
  store.offered = null
  expect((await again()).amounts(1n)).toMatchObject({ spent: 1000n })
})

test('clone: of two copies one goes on, the other serves and approves nothing from its first step', async () => {
  const { ledger, again } = await openLedger()
  await ledger.acceptVoucher(await voucher(500n))
  await spend(ledger, 'a', 10)
  const clone = await again()
  await spend(ledger, 'b', 10)
  expect(await codeOf(() => spend(clone, 'b', 10))).toBe('channel_state_unsure')
  for (const step of [
    () => clone.requestClosure(1n),
    () => clone.amounts(1n),
    () => clone.deliver(1n, 'b', tokens(0, 1)),
    () => clone.challenge(new Uint8Array(32)),
  ])
    expect(await codeOf(step)).toBe('channel_state_unsure')
  expect(ledger.amounts(1n).spent).toBe(160n)
})

test('of two copies that answer a closure, one does', async () => {
  const { again } = await openLedger()
  const copies = [await again(), await again()]
  const answers = await Promise.all(copies.map((copy) => codeOf(() => copy.requestClosure(1n))))
  expect(answers.sort()).toEqual(['channel_state_unsure', 'none'])
})

test('asked twice at once, no approval leaves before its mark: a host that stops the machine would have two states', async () => {
  const inner = memoryAntiRollback()
  const marking = Promise.withResolvers<void>()
  let stop: Promise<never> | undefined
  const antiRollback: AntiRollback = {
    read: inner.read,
    async advance(next) {
      if (stop !== undefined) {
        marking.resolve()
        await stop
      }
      await inner.advance(next)
    },
  }
  const { ledger, again } = await openLedger({ antiRollback })
  await ledger.acceptVoucher(await voucher(500n))
  const stopped = Promise.withResolvers<never>()
  stop = stopped.promise
  const first = codeOf(() => ledger.requestClosure(1n))
  await marking.promise
  const others = [() => ledger.requestClosure(1n), () => ledger.answerClosure(closeStart())].map(codeOf)
  stopped.reject(new Error('the host stopped the machine'))
  expect(await Promise.all([first, ...others])).toEqual(Array(3).fill('channel_state_unsure'))
  stop = undefined
  expect((await again()).amounts(1n).spent).toBe(0n)
})

test('what anyone may say again and again is written once: a device wears out, and a chain costs gas', async () => {
  const { ledger, store } = await openLedger()
  await ledger.topUp(topUp(1500n))
  ledger.challenge(bytes(12))
  await ledger.establish(opening({ channel_id: '2', challenge: toHex(bytes(12)) }), 0n)
  await ledger.requestClosure(2n)
  const before = store.states.length
  await ledger.establish(opening(), 0n)
  await ledger.topUp(topUp(1500n))
  await ledger.topUp(topUp(1200n))
  await ledger.requestClosure(2n)
  await ledger.forget(proven('channel_closed', { channel_id: '9', spent: '0', to_payer: '0' }))
  expect(store.states.length).toBe(before)
})

test('fork: two states of one number are told apart, where a bare counter would take either', async () => {
  let stop = false
  const inner = memoryAntiRollback()
  const antiRollback: AntiRollback = {
    read: inner.read,
    advance: async (next) => {
      if (stop) throw new Error('the host stopped the machine')
      await inner.advance(next)
    },
  }
  const { ledger, store, again } = await openLedger({ antiRollback })
  stop = true
  // state 3a: the channel ends unused; written, not marked, so its approval never left
  expect(await codeOf(() => ledger.requestClosure(1n))).toBe('channel_state_unsure')
  const [unused] = store.states.slice(-1)
  stop = false
  // state 3b: the channel is used
  store.offered = store.states.slice(0, 2)
  const second = await again()
  await second.acceptVoucher(await voucher(80n))
  await second.reserve(1n, 'a', tokens(0, 10))
  store.offered = [unused!]
  expect(await codeOf(again)).toBe('channel_state_rolled_back')
})

test.each(['before the write', 'after the write', 'after the mark'] as const)(
  'killed %s of a reservation: at most what was reserved is charged, and the channel can be closed',
  async (point) => {
    const [inner, store] = [memoryAntiRollback(), memoryStateStore()]
    let armed = false
    const die = (at: typeof point): void => {
      if (armed && at === point) throw new Error('killed')
    }
    const options = {
      store: {
        read: store.read,
        replace: store.replace,
        append: async (change: Uint8Array) => {
          die('before the write')
          await store.append(change)
          die('after the write')
        },
      },
      antiRollback: {
        read: inner.read,
        advance: async (next: Parameters<AntiRollback['advance']>[0]) => {
          await inner.advance(next)
          die('after the mark')
        },
      },
    }
    const { ledger, again } = await openLedger(options)
    await ledger.acceptVoucher(await voucher(500n))
    await spend(ledger, 'a', 10)
    armed = true
    expect(await codeOf(() => ledger.reserve(1n, 'b', tokens(0, 4)))).toBe('channel_state_unsure')
    armed = false
    const { spent } = await (await again()).requestClosure(1n)
    expect(spent).toBe(point === 'after the mark' ? 112n : 80n)
  },
)

test('killed between counting and sending: the token is charged, once, and so is what was reserved with it', async () => {
  const { ledger, again } = await openLedger()
  await ledger.acceptVoucher(await voucher(500n))
  await ledger.reserve(1n, 'a', tokens(10, 5))
  ledger.deliver(1n, 'a', tokens(10, 2))
  const second = await again()
  expect(second.amounts(1n).spent).toBe(30n + 5n * 8n)
  expect((await again()).amounts(1n)).toEqual(second.amounts(1n))
  await spend(second, 'b', 1)
  expect(second.amounts(1n).spent).toBe(78n)
})

test('a device that remembers nothing does not turn a used channel into an unused one', async () => {
  const { store } = await openLedger()
  const swapped = { store, antiRollback: memoryAntiRollback(), isNewSession: false }
  expect(await codeOf(() => newLedger(swapped))).toBe('channel_state_missing')
})

test('what a restart reads from changes is what the images of the next restart say', async () => {
  const { ledger, store, again } = await openLedger()
  for (const id of [2, 3]) {
    ledger.challenge(bytes(10 + id))
    await ledger.establish(opening({ channel_id: `${id}`, challenge: toHex(bytes(10 + id)) }), 0n)
  }
  await ledger.topUp(topUp(1500n))
  await ledger.acceptVoucher(await voucher(1200n))
  await spend(ledger, 'a', 100)
  const approval = await ledger.requestClosure(2n)
  const end = { channel_id: '3', provider: 'bob.test', cause: 'unanswered', to_owner: '1000', to_payer: '1001' }
  await ledger.forget(proven('channel_forfeited', end))
  expect(store.states.at(-1)!.changes.length).toBeGreaterThan(5)
  let restarted = ledger
  for (let life = 0; life < 3; life++) {
    const before = [...restarted.entries()]
    restarted = await again()
    expect([...restarted.entries()]).toEqual(before)
    expect(await restarted.requestClosure(2n)).toEqual(approval)
    expect(await codeOf(() => restarted.amounts(3n))).toBe('channel_unknown')
    await spend(restarted, 'a', 1)
    expect(store.states.at(-1)!.changes).toHaveLength(1)
  }
})

test('receipts are numbered on across restarts', async () => {
  const { ledger, again } = await openLedger()
  expect((await ledger.release(1n, 'a')).sequence).toBe(1n)
  expect((await (await again()).release(1n, 'b')).sequence).toBe(2n)
})

test('the state of another enclave, contract or model is refused', async () => {
  const { store, antiRollback } = await openLedger()
  const others = [
    { ...identity, sessionKey: alice.publicKey },
    { ...identity, modelH: session.publicKey },
    { ...identity, chain: { ...chain, contract: 'other.test' } },
    { ...identity, chain: { ...chain, networkId: 'mainnet' } },
  ]
  for (const other of others)
    expect(await codeOf(() => newLedger({ store, antiRollback, identity: other }))).toBe('channel_state_foreign')
})

test('changes during a write share the next one', async () => {
  const { ledger, store } = await openLedger()
  await ledger.acceptVoucher(await voucher(500n))
  const before = store.states.length
  await Promise.all(Array.from({ length: 20 }, (_, i) => ledger.reserve(1n, `${i}`, tokens(0, 1))))
  expect(store.states.length - before).toBeLessThanOrEqual(2)
})
