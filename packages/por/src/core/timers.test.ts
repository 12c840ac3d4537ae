import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { type Timer, Timers, timer } from './timers.ts'

test('timers run in order of time, and of being set where that is equal, whatever was moved or cleared', () => {
  const step = fc.record({ slot: fc.nat(20), at: fc.nat(50), isSet: fc.boolean() })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), fc.nat(50), (steps, until) => {
      const timers = new Timers()
      const ran: number[] = []
      const all: Timer[] = Array.from({ length: 21 }, (_, slot) => timer(() => ran.push(slot)))
      const model = new Map<number, { at: number; order: number }>()
      steps.forEach(({ slot, at, isSet }, order) => {
        if (!isSet) {
          timers.clear(all[slot]!)
          model.delete(slot)
          return
        }
        timers.set(all[slot]!, at)
        if (model.get(slot)?.at !== at) model.set(slot, { at, order })
      })
      const inOrder = [...model].sort(([, a], [, b]) => a.at - b.at || a.order - b.order)
      expect(timers.next).toBe(inOrder[0]?.[1].at ?? null)
      timers.run(until)
      expect(ran).toEqual(inOrder.filter(([, { at }]) => at <= until).map(([slot]) => slot))
      expect(timers.next).toBe(inOrder.find(([, { at }]) => at > until)?.[1].at ?? null)
    }),
    { numRuns: 500 },
  )
})

test('a timer that sets itself again for later runs once per turn', () => {
  const timers = new Timers()
  let runs = 0
  const again: Timer = timer((now) => {
    runs += 1
    timers.set(again, now + 10)
  })
  timers.set(again, 10)
  timers.run(10)
  timers.run(19)
  expect(runs).toBe(1)
  expect(timers.next).toBe(20)
})
