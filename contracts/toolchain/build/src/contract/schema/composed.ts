import { type AnySchema, type Fields, type Json, misfit, type Schema, type Values } from './types.ts'

/** An object with exactly these fields. A name makes it a definition of its own in the ABI. */
export function record<F extends Fields>(fields: F, name?: string): Schema<Values<F>> {
  const keys = Object.keys(fields)
  const schemas = Object.values(fields)
  if (keys.includes('__proto__')) throw new Error('a field cannot be named __proto__')
  return {
    kind: 'record',
    fields,
    ...(name !== undefined && { name }),
    longest: schemas.reduce((sum, { longest }, at) => sum + longest + (keys[at] as string).length * 6 + 4, 2),
    parse: (json) => eachField(keys, schemas, 'parse', json) as Values<F>,
    format: (value) => eachField(keys, schemas, 'format', value) as Json,
  }
}

/** At most `max` items. */
export function list<T>(item: Schema<T>, max: number): Schema<T[]> {
  const each = <R>(from: unknown, read: (value: never) => R): R[] => {
    if (!Array.isArray(from) || from.length > max) misfit(`a list of at most ${max}`)
    const result: R[] = []
    for (let at = 0; at < from.length; at++)
      try {
        result.push(read(from[at] as never))
      } catch (error) {
        throw within(`${at}`, error)
      }
    return result
  }
  return {
    kind: 'list',
    item,
    max,
    longest: (item.longest + 1) * max + 2,
    parse: (json) => each(json, item.parse),
    format: (value) => each(value, item.format),
  }
}

/** The value, or null; a field that is left out reads as null. */
export const optional = <T>(of: Schema<T>): Schema<T | null> => ({
  kind: 'optional',
  of,
  longest: Math.max(of.longest, 4),
  parse: (json) => (json === undefined || json === null ? null : of.parse(json)),
  format: (value) => (value === undefined || value === null ? null : of.format(value)),
})

function eachField(keys: string[], schemas: AnySchema[], direction: 'parse' | 'format', from: unknown): unknown {
  if (typeof from !== 'object' || from === null || Array.isArray(from)) misfit('an object')
  const values = from as Record<string, unknown>
  const result: Record<string, unknown> = {}
  let found = 0
  for (let at = 0; at < keys.length; at++) {
    const key = keys[at] as string
    const value = values[key]
    if (value !== undefined) found++
    try {
      result[key] = (schemas[at] as AnySchema)[direction](value)
    } catch (error) {
      throw within(key, error)
    }
  }
  const own = Object.keys(values)
  if (own.length > found) misfit(`nothing named ${own.find((key) => !keys.includes(key))}`)
  return result
}

/** The error with the place it happened in front. */
const within = (place: string, error: unknown): Error => new Error(`${place}: ${(error as Error).message}`)
