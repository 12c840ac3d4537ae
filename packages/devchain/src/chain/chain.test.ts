import { type Action, encodeTransaction, parseHash, transactionHash } from '@dcml/light-client'
import { expect, test } from 'vitest'
import { createDevchain, type DevchainOptions } from '../devchain.ts'

const NEAR = 10n ** 24n
const accounts = ['a.near', 'b.near'].map((accountId) => ({ accountId, balance: 100n * NEAR }))
const start = (options: DevchainOptions = {}) => createDevchain({ accounts, ...options })
const code = (code: string) => expect.objectContaining({ code })
const pay = (deposit: bigint): Action[] => [{ type: 'Transfer', deposit }]

test('auto mining runs a transaction to its end', () => {
  const chain = start()
  const { hash } = chain.account('a.near').transfer('b.near', NEAR)
  expect(chain.account('b.near').balance).toBe(101n * NEAR)
  const heights = [...chain.blocks()].map((block) => [block.header.height, block.result.outcomes.length])
  // the transaction, its receipt, the refund of the price difference
  expect(heights).toEqual([
    [1, 1],
    [2, 1],
    [3, 1],
  ])
  expect(chain.trace(hash).root.children[0]?.children[0]?.receipt?.predecessorId).toBe('system')
})

test('a price of 10^9 leaves no difference to refund', () => {
  const chain = start({ gasPrice: 10n ** 9n })
  chain.account('a.near').transfer('b.near', 1n)
  expect(chain.head.header.height).toBe(2)
})

test('manual mining waits, and puts all that waits into one block', () => {
  const chain = start({ mining: { mode: 'manual' } })
  const a = chain.account('a.near')
  const sent = [a.transfer('b.near', 1n), a.transfer('b.near', 2n), chain.account('b.near').transfer('a.near', 4n)]
  expect(chain.head.header.height).toBe(0)
  expect(sent[0]?.error).toBeNull()
  for (const { hash } of sent) chain.settle(hash, 'FINAL')
  expect(chain.head.header.height).toBe(0)
  chain.mine()
  expect(chain.head.transactions.map(({ hash }) => hash)).toEqual(sent.map(({ hash }) => hash))
  chain.mine(3)
  expect(chain.account('b.near').balance).toBeGreaterThan(99n * NEAR)
  expect(chain.resolve({ finality: 'final' })?.header.height).toBe(2)
})

test('interval mining makes blocks by itself, until it is closed', async () => {
  const chain = start({ mining: { mode: 'interval', ms: 5 } })
  const { promise, resolve } = Promise.withResolvers<void>()
  const mine = chain.mine.bind(chain)
  let blocks = 0
  chain.mine = (count) => {
    if (++blocks === 3) resolve()
    return mine(count)
  }
  await promise
  chain.close()
  expect(chain.head.header.height).toBeGreaterThanOrEqual(2)
})

test('settle goes as far as asked', () => {
  const chain = start()
  const { hash } = chain.account('a.near').transfer('b.near', 1n)
  expect(chain.head.header.height).toBe(3)
  chain.settle(hash, 'EXECUTED_OPTIMISTIC')
  expect(chain.head.header.height).toBe(3)
  chain.settle(hash, 'INCLUDED_FINAL')
  expect(chain.head.header.height).toBe(3)
  chain.settle(hash, 'FINAL')
  expect(chain.head.header.height).toBe(5)
  expect(chain.blockByHash(chain.head.header.lastFinalBlock)?.header.height).toBe(3)
})

test('a known transaction is taken again without effect, a wrong one is refused without a trace', () => {
  const chain = start()
  const a = chain.account('a.near')
  const transaction = a.sign('b.near', pay(1n))
  expect(chain.submit(transaction)).toEqual({ error: null })
  const { height } = chain.head.header
  expect(chain.submit(transaction)).toEqual({ error: null })
  expect(chain.submit({ ...a.sign('b.near', pay(1n)), signature: transaction.signature }).error).toBe(
    'InvalidSignature',
  )
  expect(() => a.transfer('b.near', 1000n * NEAR)).toThrow(code('devchain_transaction_refused'))
  expect(chain.head.header.height).toBe(height)
})

test('a transaction expires with the block it names', () => {
  const chain = start({ transactionValidity: 20 })
  const transaction = chain.account('a.near').sign('b.near', pay(1n))
  chain.fastForward(21)
  expect(chain.submit(transaction).error).toBe('Expired')
  expect(chain.submit(chain.account('a.near').sign('b.near', pay(1n))).error).toBeNull()
})

test('ten thousand blocks forward: heights, time and epochs, in order', () => {
  const chain = start()
  const { timestamp } = chain.head.header
  chain.fastForward(10_000)
  const { header } = chain.head
  expect(header.height).toBe(10_000)
  expect(header.timestamp - timestamp).toBe(10_000n * 1_000_000_000n)
  expect(header.blockOrdinal).toBeLessThan(120)
  const epochs = [...chain.blocks()].map((block) => block.epochHeight)
  expect(epochs).toEqual(epochs.toSorted((a, b) => a - b))
  expect(new Set(epochs).size).toBe(19)
  // a block next to each boundary, and at most as many as end an epoch
  chain.fastForward(1)
  expect(chain.head.header.height).toBe(10_001)
})

test('a jump that would never end is refused', () => {
  const chain = start()
  for (const delta of [Number.MAX_SAFE_INTEGER, 1e300, 0.5, Number.NaN])
    expect(() => chain.fastForward(delta)).toThrow(code('devchain_jump_invalid'))
  chain.fastForward(-5)
  expect(chain.head.header.height).toBe(0)
})

test('epochs can be jumped', () => {
  const chain = start({ epochLength: 20 })
  const first = chain.head.epochHeight
  chain.advanceEpochs(5)
  expect(chain.head.epochHeight).toBe(first + 4) // the first two share a number
  expect(chain.epochStart(chain.head)).toBe(chain.head.header.height)
})

test('time is set, advanced, and never goes back', () => {
  const chain = start()
  chain.setTime(new Date('2030-05-01T00:00:00Z'))
  chain.mine()
  expect(chain.head.header.timestamp).toBe(BigInt(Date.parse('2030-05-01T00:00:00Z')) * 1_000_000n)
  chain.advanceTime(86_400_000)
  chain.mine()
  expect(chain.head.header.timestamp).toBe(BigInt(Date.parse('2030-05-02T00:00:00Z')) * 1_000_000n)
  chain.mine()
  expect(chain.head.header.timestamp).toBe(BigInt(Date.parse('2030-05-02T00:00:01Z')) * 1_000_000n)
  for (const time of [new Date('2029-01-01'), new Date(Number.NaN), new Date(8.64e15)])
    expect(() => chain.setTime(time)).toThrow(code('devchain_time_invalid'))
  for (const ms of [0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY])
    expect(() => chain.advanceTime(ms)).toThrow(code('devchain_time_invalid'))
})

test('time that is let pass adds up, from the time that was set or the clock', () => {
  const stepped = start()
  stepped.setTime(new Date('2030-05-01T00:00:00Z'))
  stepped.advanceTime(1_000)
  stepped.advanceTime(2_000)
  expect(stepped.mine().header.timestamp).toBe(BigInt(Date.UTC(2030, 4, 1, 0, 0, 3)) * 1_000_000n)
  let now = Date.UTC(2028, 0)
  const clocked = start({ clock: () => now })
  clocked.mine()
  now += 3_600_000
  clocked.advanceTime(1_000)
  expect(clocked.mine().header.timestamp).toBe(BigInt(now + 1_000) * 1_000_000n)
})

test('with a clock, blocks carry its time, ahead by what was jumped', () => {
  let now = Date.parse('2026-06-01T00:00:00Z')
  const chain = start({ clock: () => now })
  const at = () => Number(chain.head.header.timestamp / 1_000_000n)
  chain.mine()
  expect(at()).toBe(now)
  now += 5
  chain.fastForward(100)
  expect(at()).toBe(now + 99_000)
  chain.mine()
  expect(at()).toBe(now + 99_000)
  chain.setTime(new Date('2027-01-01T00:00:00Z'))
  chain.mine()
  now += 7
  chain.mine()
  expect(at()).toBe(Date.parse('2027-01-01T00:00:00.007Z'))
})

test('a clock long after genesis earns nobody rewards for the time between', () => {
  const chain = start({ epochLength: 10, clock: () => Date.parse('2036-01-01T00:00:00Z') })
  const { totalSupply } = chain.head.header
  chain.advanceEpochs(2)
  expect(chain.head.header.totalSupply - totalSupply).toBeLessThan(30n * NEAR)
  expect(chain.head.header.totalSupply).toBeGreaterThan(totalSupply)
})

test('old blocks go, and are remembered as gone', () => {
  const chain = start({ keepBlocks: 10 })
  const { hash } = chain.account('a.near').transfer('b.near', 1n)
  const old = chain.blockByHeight(2)?.header.hash ?? ''
  chain.mine(20)
  expect(chain.blockByHeight(2)).toBeUndefined()
  expect(chain.outcome(hash)).toBeUndefined()
  expect(chain.transaction(hash)).toBeUndefined()
  expect([...chain.blocks()]).toHaveLength(10)
  expect(chain.wasPruned({ height: 2 })).toBe(true)
  expect(chain.wasPruned({ hash: old })).toBe(true)
  expect(chain.wasPruned({ height: 1000 })).toBe(false)
  expect(chain.wasPruned({ hash })).toBe(false)
  expect(chain.resolve({ syncCheckpoint: 'earliest_available' })?.header.height).toBe(14)
  expect(chain.resolve({ syncCheckpoint: 'genesis' })).toBe(chain.genesis)
  expect(chain.blockByHeight(0)).toBe(chain.genesis)
})

test('what a snapshot holds is kept for it', () => {
  const chain = start({ keepBlocks: 10 })
  const { hash } = chain.account('a.near').transfer('b.near', 1n)
  const there = chain.snapshot()
  chain.mine(50)
  expect(chain.outcome(hash)).toBeUndefined()
  chain.revert(there)
  expect(chain.outcome(hash)?.outcome.id).toBe(hash)
  expect([...chain.blocks()]).toHaveLength(3)
})

test('full blocks make the gas price rise, empty ones let it fall back', () => {
  const gasLimit = 10n ** 12n
  const chain = start({ gasLimit, mining: { mode: 'manual' } })
  const { gasPrice } = chain.head.header
  const a = chain.account('a.near')
  for (let i = 0; i < 8; i++) a.transfer('b.near', 1n)
  chain.mine(3)
  expect(chain.head.header.gasPrice).toBeGreaterThan(gasPrice)
  chain.mine(20)
  expect(chain.head.header.gasPrice).toBe(gasPrice)
})

test('options that make no sense are refused by name', () => {
  for (const options of [
    { epochLength: 3 },
    { protocolVersion: 85 },
    { gasPrice: -1n },
    { keepBlocks: 1 },
    { nonsense: 1 },
    { validators: [] },
  ])
    expect(() => createDevchain(options as never)).toThrow(code('devchain_option_invalid'))
  expect(() => createDevchain({ validators: [{ accountId: 'test.near', stake: 10n ** 40n }] })).toThrow(
    code('devchain_genesis_invalid'),
  )
})

test('the two protocol versions are two chains', () => {
  const hashes = ([86, 87] as const).map((protocolVersion) => start({ protocolVersion }).genesis.header.hash)
  expect(new Set(hashes).size).toBe(2)
})

test('a transaction of another account is not taken for impersonated', () => {
  const chain = start()
  chain.impersonate('near')
  const { key } = chain.account('nobody')
  const transaction = {
    version: 0 as const,
    signerId: 'a.near',
    publicKey: key.publicKey,
    nonce: 1n,
    receiverId: 'b.near',
    blockHash: chain.head.header.hash,
    actions: pay(1n),
  }
  const hash = transactionHash(transaction)
  const signed = {
    transaction,
    hash,
    size: encodeTransaction(transaction).length,
    signature: key.sign(parseHash(hash)),
  }
  expect(chain.submit(signed).error).not.toBeNull()
})
