import type { TokenCounts } from '@dcml/protocol'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { chain, eventOf, opening, tokens } from '../../test/world.ts'
import { readOpened } from '../facts.ts'
import * as channel from './meter.ts'

const counts = fc.tuple(fc.integer({ min: 0, max: 30 }), fc.integer({ min: 0, max: 30 })).map((pair) => tokens(...pair))
const request = fc.constantFrom('a', 'b', 'c')
type Step = (meter: channel.Meter) => channel.Meter
const steps: fc.Arbitrary<Step> = fc.oneof(
  fc.bigInt(0n, 3000n).map(
    (amount): Step =>
      (meter) =>
        channel.authorise(meter, amount),
  ),
  fc.bigInt(0n, 3000n).map(
    (amount): Step =>
      (meter) =>
        channel.raiseDeposit(meter, amount),
  ),
  fc.tuple(request, counts).map(
    ([id, asked]): Step =>
      (meter) =>
        channel.reserve(meter, id, asked).meter,
  ),
  fc.tuple(request, counts).map(
    ([id, sent]): Step =>
      (meter) =>
        channel.deliver(meter, id, sent),
  ),
  request.map(
    (id): Step =>
      (meter) =>
        channel.release(meter, id).meter,
  ),
  fc.tuple(request, counts).map(
    ([id, most]): Step =>
      (meter) =>
        channel.hold(meter, id, most).meter,
  ),
  fc.tuple(request, counts).map(
    ([id, whole]): Step =>
      (meter) =>
        channel.charge(meter, id, whole).meter,
  ),
  request.map(
    (id): Step =>
      (meter) =>
        channel.free(meter, id),
  ),
  fc.constant<Step>(channel.recover),
)

const amounts = (meter: channel.Meter) => {
  return { ...channel.meterAmounts(meter), committed: channel.costOf(meter, channel.committedTokens(meter)) }
}

test('whatever is asked in whatever order, spent + reserved <= authorised <= deposited, and nothing falls', () => {
  fc.assert(
    fc.property(fc.array(steps, { maxLength: 60 }), (plan) => {
      let meter = channel.startMeter(readOpened(eventOf(opening()), chain))
      for (const step of plan) {
        const before = amounts(meter)
        try {
          meter = step(meter)
        } catch {
          continue
        }
        const after = amounts(meter)
        expect(after.committed <= after.authorised && after.authorised <= after.deposited).toBe(true)
        for (const name of ['deposited', 'authorised', 'spent'] as const)
          expect(after[name] >= before[name], name).toBe(true)
      }
    }),
  )
})

test('what a demand requires is enough, and one yocto less is not', () => {
  fc.assert(
    fc.property(counts, fc.bigInt(0n, 200n), (asked: TokenCounts, authorised) => {
      const opened = channel.startMeter(readOpened(eventOf(opening({ deposited: '100000' })), chain))
      const meter = channel.authorise(opened, authorised)
      const first = channel.reserve(meter, 'a', asked)
      fc.pre('demand' in first)
      const { required } = first.demand
      expect('granted' in channel.reserve(channel.authorise(meter, required), 'a', asked)).toBe(true)
      expect('demand' in channel.reserve(channel.authorise(meter, required - 1n), 'a', asked)).toBe(true)
    }),
  )
})

test('a channel that costs nothing grants everything', () => {
  const free = { owner_input: '0', owner_output: '0', host_input: '0', host_output: '0' }
  const meter = channel.startMeter(readOpened(eventOf(opening({ prices: free })), chain))
  expect(channel.reserve(meter, 'a', tokens(1000, 1000))).toMatchObject({ granted: tokens(1000, 1000) })
})

test('what is held for one answer is promised to no other, and a crash frees it', () => {
  const meter = channel.authorise(channel.startMeter(readOpened(eventOf(opening()), chain)), 100n)
  const most = tokens(10, 4)
  const held = channel.hold(meter, 'a', most)
  expect(held).toMatchObject({ granted: most })
  const room = 100n - channel.costOf(meter, most)
  expect(channel.demandFor(held.meter, tokens(0, 50))).toMatchObject({ spent: 0n, reserved: 100n - room })
  expect('demand' in channel.reserve(held.meter, 'b', tokens(100, 1))).toBe(true)
  // held anew, not twice
  expect(channel.hold(held.meter, 'a', most)).toMatchObject({ granted: most })
  expect(channel.meterAmounts(channel.recover(held.meter)).spent).toBe(0n)
  // less than was held: the rest is free again
  const charged = channel.charge(held.meter, 'a', tokens(10, 1)).meter
  expect(channel.meterAmounts(charged).spent).toBe(channel.costOf(meter, tokens(10, 1)))
  expect(charged.holds.size).toBe(0)
  // more than was held, and nothing left for it: a demand, and nothing counted
  const beyond = channel.charge(held.meter, 'a', tokens(1000, 1000))
  expect(beyond).toMatchObject({ demand: { reserved: 0n, spent: 0n } })
  expect(channel.meterAmounts(beyond.meter).spent).toBe(0n)
})
