import * as v from 'valibot'
import { expect, test } from 'vitest'
import { chatSchema, responsesSchema } from './schema.ts'

const user = { role: 'user', content: 'x' }

/** `length` times one object whose `type` is watched. */
function watched(length: number) {
  const seen = { items: 0 }
  const item = {
    ...user,
    get type() {
      seen.items++
      return 'function'
    },
  }
  return { seen, items: Array(length).fill(item) }
}

test.each([
  ['parts', chatSchema, (items: unknown[]) => ({ messages: [{ role: 'user', content: items }] }), 256],
  ['tools', chatSchema, (items: unknown[]) => ({ messages: [user], tools: items }), 128],
  ['items', responsesSchema, (items: unknown[]) => ({ input: items }), 2048],
] as const)('too many %s are refused before one of them is looked at', (_, schema, bodyWith, most) => {
  const few = watched(1)
  v.safeParse(schema, bodyWith(few.items))
  expect(few.seen.items).toBeGreaterThan(0)
  const many = watched(most + 1)
  expect(v.safeParse(schema, bodyWith(many.items)).success).toBe(false)
  expect(many.seen.items).toBe(0)
})
