import type { Shape } from '../contract/schema/types.ts'
import type { JsonSchema } from './types.ts'

/** Collects the definitions that named records become. */
export type Definitions = Record<string, JsonSchema>

/** The JSON Schema that accepts exactly what the contract's codec accepts, as far as JSON Schema can say it. */
export function fromShape(shape: Shape, definitions: Definitions): JsonSchema {
  switch (shape.kind) {
    case 'text':
      return { type: 'string', maxLength: shape.max }
    case 'uint':
      return { type: 'string', format: `uint${shape.bits}`, pattern: '^(0|[1-9][0-9]*)$' }
    case 'flag':
      return { type: 'boolean' }
    case 'account':
      return { type: 'string', format: 'account-id', minLength: 2, maxLength: 64 }
    case 'bytes':
      return {
        type: 'string',
        format: shape.as,
        minLength: spelt(shape.as, shape.min),
        maxLength: spelt(shape.as, shape.max),
      }
    case 'choice':
      return { type: 'string', enum: shape.of }
    case 'list':
      return { type: 'array', items: fromShape(shape.item, definitions), maxItems: shape.max }
    case 'optional':
      return { anyOf: [fromShape(shape.of, definitions), { type: 'null' }] }
    case 'record': {
      const schema = fromFields(shape.fields, definitions)
      if (shape.name === undefined) return schema
      const taken = definitions[shape.name]
      if (taken && JSON.stringify(taken) !== JSON.stringify(schema))
        throw new Error(`two different records are named ${shape.name}`)
      definitions[shape.name] = schema
      return { $ref: `#/definitions/${shape.name}` }
    }
  }
}

/** A closed object with these fields. */
export function fromFields(fields: Readonly<Record<string, Shape>>, definitions: Definitions): JsonSchema {
  const names = Object.keys(fields)
  return {
    type: 'object',
    properties: Object.fromEntries(names.map((name) => [name, fromShape(fields[name] as Shape, definitions)])),
    required: names.filter((name) => fields[name]?.kind !== 'optional'),
    additionalProperties: false,
  }
}

/** Characters of so many bytes in hex or base64. */
export const spelt = (as: 'hex' | 'base64', bytes: number): number =>
  as === 'hex' ? bytes * 2 : Math.ceil(bytes / 3) * 4
