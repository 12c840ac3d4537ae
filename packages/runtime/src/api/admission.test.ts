import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Admission } from './admission.ts'

const never = new AbortController().signal

test('never more at once than fit, never more in line than allowed, in order, and nobody is forgotten', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 4 }),
      fc.integer({ min: 0, max: 4 }),
      fc.array(fc.constantFrom('enter', 'leave', 'abort'), { maxLength: 60 }),
      async (parallel, maxQueue, acts) => {
        const admission = new Admission({ parallel: () => parallel, maxQueue, clock: () => 0 })
        const inside: { id: number; leave: () => void }[] = []
        const line: { id: number; abort: AbortController }[] = []
        const admitted: number[] = []
        let next = 0
        const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))
        for (const act of acts) {
          if (act === 'leave') inside.shift()?.leave()
          else if (act === 'abort') line.pop()?.abort.abort(new Error('gone'))
          else {
            const id = next++
            const abort = new AbortController()
            const full = admission.running >= parallel && admission.waiting >= maxQueue
            const entry = admission.enter(abort.signal)
            if (full) await expect(entry).rejects.toMatchObject({ code: 'overloaded', retryable: true })
            else {
              line.push({ id, abort })
              entry.then(
                (leave) => {
                  line.splice(
                    line.findIndex((waiter) => waiter.id === id),
                    1,
                  )
                  admitted.push(id)
                  inside.push({ id, leave })
                },
                () => {},
              )
            }
          }
          await settle()
          expect(admission.running).toBe(inside.length)
          expect(admission.running).toBeLessThanOrEqual(parallel)
          expect(admission.waiting).toBe(line.length)
          expect(admission.waiting).toBeLessThanOrEqual(maxQueue)
          // nobody waits while there is room
          if (admission.waiting > 0) expect(admission.running).toBe(parallel)
        }
        expect(admitted).toEqual(admitted.toSorted((a, b) => a - b))
      },
    ),
    { numRuns: 60 },
  )
})

test('a place is given back once, however often it is left', async () => {
  const admission = new Admission({ parallel: () => 1, maxQueue: 5, clock: () => 0 })
  const leave = await admission.enter(never)
  leave()
  leave()
  expect(admission.running).toBe(0)
  await admission.enter(never)
  expect(admission.running).toBe(1)
})

test('the time to wait follows how long requests take, within bounds', async () => {
  let now = 0
  const admission = new Admission({ parallel: () => 1, maxQueue: 0, clock: () => now })
  for (let i = 0; i < 50; i++) {
    const leave = await admission.enter(never)
    now += 10_000
    leave()
  }
  await admission.enter(never)
  await expect(admission.enter(never)).rejects.toMatchObject({ details: { retryAfter: 10 } })
})
