// The harness itself: it sees what it is there to see.
import { afterAll, expect, test } from 'vitest'
import { Fuzzer } from './fuzzer.ts'

const fuzzer = await Fuzzer.start(new URL('./faulty/index.ts', import.meta.url))
afterAll(() => fuzzer.stop())
const run = (name: string, watch = Number.POSITIVE_INFINITY) =>
  fuzzer.run(name, { count: 100, bombs: 10, length: 64 }, watch)

test('an error that is no refusal is a fault, with the number of its case', async () => {
  const { faults, accepted } = await run('throws what is no refusal')
  expect(faults[0]).toMatch(/^(bomb|case) \d+ \(\d+ bytes\): TypeError/)
  expect(accepted).toBeGreaterThan(0)
})

test('a seed that is refused is a fault', async () => {
  expect((await run('refuses its seed')).faults[0]).toMatch(/^seed 0 .*: Error: no, though it is a seed$/)
})

test('buffers count as allocated', async () => {
  const { largest } = await run('allocates')
  expect(largest.mib).toBeGreaterThan(1.9)
})

test('a case that does not end is named', async () => {
  await expect(run('never ends', 1)).rejects.toThrow(/never ends, case -?\d+: .*does not end/)
})

test('equal cases are fed in every run', async () => {
  const names = ['throws what is no refusal', 'refuses its seed']
  const twice = await Promise.all([0, 1].map(() => Fuzzer.start(new URL('./faulty/index.ts', import.meta.url))))
  for (const name of names) {
    const [one, other] = await Promise.all(twice.map((each) => each.run(name, { count: 50, bombs: 2, length: 64 }, 60)))
    expect(one!.faults).toEqual(other!.faults)
  }
  await Promise.all(twice.map((each) => each.stop()))
})
