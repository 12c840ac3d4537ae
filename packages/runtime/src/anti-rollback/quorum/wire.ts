// What enclaves say to each other about marks: JSON over an attested connection; u64 as decimal text, bytes as hex.
import { fromHex, toHex } from '@dcml/protocol'
import * as v from 'valibot'
import type { Held, Recalled, Remembered } from './memory.ts'
import type { Term } from './term.ts'

const hex = (bytes: number) => v.pipe(v.string(), v.regex(new RegExp(`^[0-9a-f]{${bytes * 2}}$`)))
const u64 = v.pipe(
  v.string(),
  v.regex(/^(0|[1-9]\d{0,19})$/),
  v.transform((text) => BigInt(text)),
  v.check((value) => value < 1n << 64n, 'above u64'),
)
const term: v.GenericSchema<unknown, Term> = v.object({ number: u64, id: hex(16) })
const held: v.GenericSchema<unknown, Held> = v.object({
  term,
  mark: v.object({
    counter: u64,
    digest: v.pipe(
      hex(32),
      v.transform((text) => fromHex(text, 32)),
    ),
  }),
  attempt: hex(16),
})
const outranked = v.object({ said: v.literal('outranked'), by: term })

/** The calls below `/dcml/v1`. */
export const CALLS = { introduce: '/introduce', recall: '/recall', remember: '/remember' } as const

/** `register`: 32 secret bytes that name a mark, and that nobody but its owner and the peers knows. */
export const recallSchema = v.object({ register: hex(32), term })
export const rememberSchema = v.object({ register: hex(32), held })

/** An introduction: the caller's own evidence for this connection. */
export const introduceSchema = v.object({ evidence: v.looseObject({}) })

export const recalledSchema: v.GenericSchema<unknown, Recalled> = v.variant('said', [
  v.object({ said: v.literal('promised'), held: v.nullable(held) }),
  outranked,
])
export const rememberedSchema: v.GenericSchema<unknown, Remembered> = v.variant('said', [
  v.object({ said: v.literal('kept') }),
  v.object({ said: v.literal('taken') }),
  outranked,
])

/** The JSON text that the schemas above take once parsed. */
export const formatMessage = (message: object): string =>
  JSON.stringify(message, (_, value: unknown) =>
    typeof value === 'bigint' ? `${value}` : value instanceof Uint8Array ? toHex(value) : value,
  )
