// Feeds one parser. Case n of a target is the same everywhere, so that a fault can be looked at again.
import { getHeapStatistics } from 'node:v8'
import { Random } from '../differential/random.ts'
import { bombsFor } from './bombs.ts'
import { bendBytes } from './bytes.ts'
import { bendDer } from './der.ts'
import { bendJson } from './json.ts'
import { refusalOf, type Target } from './target.ts'
import { bendText } from './text.ts'

const BENDS = { bytes: bendBytes, der: bendDer, json: bendJson, text: bendText }

/** How much a target is fed. */
export interface Plan {
  /** Bent inputs. */
  readonly count: number
  /** Bombs, of all that there are; spread evenly. */
  readonly bombs: number
  /** Longest of them, in bytes. */
  readonly length: number
}

/** What became of all cases of one target. */
export interface Outcome {
  readonly cases: number
  readonly accepted: number
  readonly ms: number
  /** Faults, each with the number of its case: what a parser threw that is not its way to refuse, or seeds refused. */
  readonly faults: readonly string[]
  /** The slowest case, and the one that allocated most. */
  readonly slowest: { readonly ms: number; readonly of: string }
  readonly largest: { readonly mib: number; readonly of: string }
}

/** @param random seeded by target and number of the case */
function makeCase(random: Random, { form, seeds }: Target): Uint8Array {
  if (random.below(40) === 0) return random.bytes(random.below(random.pick([8, 64, 2048])))
  let input = random.pick(seeds)
  const other = random.pick(seeds)
  for (let left = random.pick([1, 1, 2, 5]); left > 0; left--) input = BENDS[form](random, input, other)
  return input
}

/** Bytes that V8 and its buffers hold: between two readings they grow by what was allocated, unless it was collected. */
function held(): number {
  const { used_heap_size, external_memory } = getHeapStatistics()
  return used_heap_size + external_memory
}

/**
 * Feeds a target its seeds, bombs and bent inputs.
 * @param begin hears the number of each case before it is run
 */
export async function run(
  target: Target,
  { count, bombs, length }: Plan,
  begin: (number: number) => void,
): Promise<Outcome> {
  const salt = [...target.name].reduce((sum, letter) => Math.imul(sum, 31) + letter.charCodeAt(0), 7)
  const chosen = bombsFor(target, bombs, Math.min(target.longest, length), Math.abs(salt))
  const faults: string[] = []
  let [accepted, slowest, largest] = [0, { ms: 0, of: '' }, { mib: 0, of: '' }]
  const started = performance.now()

  const feed = async (of: string, input: Uint8Array, isSeed = false): Promise<void> => {
    const before = held()
    const at = performance.now()
    try {
      const parsed = target.parse(input)
      if (parsed instanceof Promise) await parsed
      accepted++
    } catch (error) {
      const name = refusalOf(error)
      if ((isSeed || !target.refusals.includes(name)) && faults.length < 20)
        faults.push(`${of} (${input.length} bytes): ${name}${isSeed ? ', though it is a seed' : ''}`)
    }
    const ms = performance.now() - at
    const mib = (held() - before) / 2 ** 20
    if (ms > slowest.ms) slowest = { ms, of }
    if (mib > largest.mib) largest = { mib, of }
  }

  for (const [i, seed] of target.seeds.entries()) await feed(`seed ${i}`, seed, true)
  for (const [i, bomb] of chosen.entries()) {
    begin(-1 - i)
    await feed(`bomb ${i}`, bomb())
  }
  for (let number = 0; number < count; number++) {
    begin(number)
    await feed(`case ${number}`, makeCase(new Random(salt + number), target))
  }
  const cases = target.seeds.length + chosen.length + count
  return { cases, accepted, ms: performance.now() - started, faults, slowest, largest }
}
