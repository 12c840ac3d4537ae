import type { LlamaContextSequence } from 'node-llama-cpp'
import { expect, test } from 'vitest'
import { SequencePool } from './sequences.ts'

const { signal } = new AbortController()
const turn = () => new Promise((resolve) => setImmediate(resolve))

function fakes(count: number, clearHistory: () => Promise<void> = async () => {}) {
  return Array.from({ length: count }, () => ({ clearHistory }) as unknown as LlamaContextSequence)
}

test('waiting requests are served in the order they came', async () => {
  const pool = new SequencePool(fakes(1), 1)
  const first = await pool.borrow(signal)
  const order: number[] = []
  const others = [1, 2, 3].map(async (n) => {
    const loan = await pool.borrow(signal)
    order.push(n)
    loan.release()
  })
  first.release()
  await Promise.all(others)
  expect(order).toEqual([1, 2, 3])
})

test('a request that gave up while it waited takes no turn', async () => {
  const pool = new SequencePool(fakes(1), 1)
  const first = await pool.borrow(signal)
  const impatient = new AbortController()
  const gone = pool.borrow(impatient.signal)
  const patient = pool.borrow(signal)
  impatient.abort(new Error('too slow'))
  await expect(gone).rejects.toThrow('too slow')
  first.release()
  await expect(patient).resolves.toBeDefined()
})

test('a sequence is lent again only after its last decode ended and it was cleared', async () => {
  const events: string[] = []
  const clearing = async () => void events.push('cleared')
  const pool = new SequencePool(fakes(1, clearing), 1)
  const controller = new AbortController()
  const loan = await pool.borrow(controller.signal)
  const decode = Promise.withResolvers<void>()
  const step = loan.step(() => decode.promise.then(() => void events.push('decoded')))
  controller.abort(new Error('enough'))
  await expect(step).rejects.toThrow('enough')
  loan.release()
  const next = pool.borrow(signal).then(() => events.push('lent'))
  await turn()
  expect(events).toEqual([])
  decode.resolve()
  await next
  expect(events).toEqual(['decoded', 'cleared', 'lent'])
})

test('a spare sequence serves the next request while the last one is cleared, and no request more', async () => {
  const clearing = Promise.withResolvers<void>()
  const pool = new SequencePool(
    fakes(2, () => clearing.promise),
    1,
  )
  const first = await pool.borrow(signal)
  let served = 0
  const [second, third] = [0, 1].map(async () => {
    const loan = await pool.borrow(signal)
    served++
    return loan
  })
  await turn()
  expect(served).toBe(0)
  first.release()
  ;(await second!).release()
  await turn()
  expect(served).toBe(1)
  clearing.resolve()
  await third
})

test('streams pause while a sequence is cleared, and an abort ends the pause', async () => {
  const clearing = Promise.withResolvers<void>()
  const pool = new SequencePool(
    fakes(3, () => clearing.promise),
    3,
  )
  const controller = new AbortController()
  const [done, busy, impatient] = [
    await pool.borrow(signal),
    await pool.borrow(signal),
    await pool.borrow(controller.signal),
  ]
  done.release()
  await turn()
  let decoded = 0
  const decode = async () => void decoded++
  const paused = busy.step(decode)
  const given = impatient.step(decode)
  controller.abort(new Error('enough'))
  await expect(given).rejects.toThrow('enough')
  expect(decoded).toBe(0)
  clearing.resolve()
  await paused
  expect(decoded).toBe(1)
})

test('a sequence that cannot be cleared stops everything: it still holds somebody’s prompt', async () => {
  const pool = new SequencePool(
    fakes(1, () => Promise.reject(new Error('no'))),
    1,
  )
  const loan = await pool.borrow(signal)
  const waiting = pool.borrow(signal)
  loan.release()
  await expect(waiting).rejects.toMatchObject({ code: 'engine_failed' })
  await expect(pool.borrow(signal)).rejects.toMatchObject({ code: 'engine_failed' })
  expect(pool.broken.reason).toMatchObject({ code: 'engine_failed' })
})
