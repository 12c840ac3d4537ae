import { utf8 } from '@dcml/protocol'
import type { Target } from '../target.ts'

const common = { form: 'bytes', seeds: [utf8('seed')], longest: 64, memory: 1, refusals: ['Refusal'] } as const

/** Parsers with the faults that fuzzing looks for. */
export const targets: readonly Target[] = [
  {
    ...common,
    name: 'throws what is no refusal',
    parse: (input) => (input.length > 4 ? (undefined as never as { x: number }).x : input),
  },
  { ...common, name: 'refuses its seed', parse: () => Promise.reject(new Error('no')) },
  { ...common, name: 'allocates', parse: () => new Uint8Array(2 ** 21) },
  {
    ...common,
    name: 'never ends',
    parse(input) {
      while (input[0] === 0xff);
    },
  },
]
