import { afterAll, expect, test } from 'vitest'
import { Fuzzer } from './fuzzer.ts'
import type { Outcome } from './run.ts'

/** Of the ordinary run, in which it has to be quick. */
const FEW = 1500
const WATCH_SECONDS = 60
/** Of each target in the long run, at full length. */
const BOMBS = 60

/** Registers one test for each target of a module. */
export async function fuzzAll(module: URL): Promise<void> {
  const long = process.env.DCML_FUZZ
  const fuzzer = await Fuzzer.start(module)
  afterAll(() => fuzzer.stop())
  const shares = fuzzer.targets.reduce((sum, { share }) => sum + share, 0)
  const outcomes: Record<string, unknown>[] = []

  test.each(fuzzer.targets)(
    '$name',
    async ({ name, share, memory }) => {
      const count = Math.ceil((Number(long ?? FEW) * share) / shares)
      const outcome = await (long === undefined
        ? fuzzer.run(name, { count, bombs: 2, length: 131_072 }, Number.POSITIVE_INFINITY)
        : fuzzer.run(name, { count, bombs: BOMBS, length: Number.POSITIVE_INFINITY }, WATCH_SECONDS))
      outcomes.push(row(name, memory, outcome))
      if (long !== undefined) console.log(JSON.stringify(outcomes.at(-1)))
      expect(outcome.faults).toEqual([])
      expect(outcome.largest.mib, outcome.largest.of).toBeLessThan(memory)
      // refusals alone would show nothing
      expect(outcome.accepted).toBeGreaterThan(0)
    },
    long === undefined ? 60_000 : 2 ** 31 - 1,
  )

  if (long !== undefined)
    afterAll(() => {
      console.table(outcomes)
      const total = (name: string) => outcomes.reduce((sum, outcome) => sum + (outcome[name] as number), 0)
      console.log(`${total('inputs')} inputs in ${total('seconds').toFixed(0)} s`)
    })
}

const row = (target: string, bound: number, { cases, accepted, ms, slowest, largest }: Outcome) => ({
  target,
  inputs: cases,
  accepted,
  seconds: ms / 1000,
  'worst ms': `${slowest.ms.toFixed(1)} (${slowest.of})`,
  'worst MiB': `${largest.mib.toFixed(2)} (${largest.of})`,
  'bound MiB': bound,
})
