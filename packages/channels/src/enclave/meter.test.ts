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
  fc.constant<Step>(channel.recover),
)

const amounts = (meter: channel.Meter) => {
  const spent = channel.costOf(meter, meter.delivered)
  return { ...channel.meterAmounts(meter), committed: spent + channel.costOf(meter, channel.reservedTokens(meter)) }
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
