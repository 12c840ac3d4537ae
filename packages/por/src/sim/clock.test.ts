import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Clock } from './clock.ts'

test('things happen in order of time, and of asking within a moment', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 20 }), { maxLength: 200 }), (times) => {
      const clock = new Clock()
      const seen: [number, number][] = []
      times.forEach((time, index) => {
        clock.at(time, () => {
          expect(clock.now).toBe(time)
          seen.push([time, index])
        })
      })
      clock.run(30)
      expect(clock.now).toBe(30)
      expect(seen).toEqual(times.map((time, index) => [time, index]).toSorted(([a], [b]) => a! - b!))
    }),
  )
})

test('what is asked for the past happens now, and what lies ahead waits', () => {
  const clock = new Clock()
  const seen: string[] = []
  clock.at(10, () => clock.at(3, () => seen.push(`past at ${clock.now}`)))
  clock.at(11, () => seen.push('later'))
  clock.run(10)
  expect(seen).toEqual(['past at 10'])
  expect(clock.next).toBe(11)
})

test('alarms ring after what else happens then', () => {
  const clock = new Clock()
  const seen: string[] = []
  clock.alarm(5, () => seen.push('alarm'))
  clock.at(5, () => clock.at(5, () => seen.push('second')))
  clock.at(6, () => seen.push('next'))
  clock.run(6)
  expect(seen).toEqual(['second', 'alarm', 'next'])
})
