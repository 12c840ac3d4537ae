import type { JsonSchema } from '../src/index.ts'

/** Whether a value is valid under the part of JSON Schema draft 7 that an ABI uses. */
export function isValid(
  schema: JsonSchema,
  value: unknown,
  definitions: Readonly<Record<string, JsonSchema>>,
): boolean {
  const inner = (next: JsonSchema, part: unknown) => isValid(next, part, definitions)
  if (schema.$ref !== undefined)
    return inner(definitions[schema.$ref.replace('#/definitions/', '')] as JsonSchema, value)
  if (schema.anyOf) return schema.anyOf.some((option) => inner(option, value))
  if (schema.enum) return schema.enum.includes(value as string)
  switch (schema.type) {
    case 'null':
      return value === null
    case 'boolean':
      return typeof value === 'boolean'
    case 'string': {
      if (typeof value !== 'string') return false
      const length = [...value].length
      if (length < (schema.minLength ?? 0) || length > (schema.maxLength ?? Number.POSITIVE_INFINITY)) return false
      return schema.pattern === undefined || new RegExp(schema.pattern).test(value)
    }
    case 'array':
      return (
        Array.isArray(value) &&
        value.length <= (schema.maxItems ?? Number.POSITIVE_INFINITY) &&
        value.every((item) => inner(schema.items ?? {}, item))
      )
    case 'object': {
      if (typeof value !== 'object' || value === null || Array.isArray(value)) return false
      const { properties = {}, required = [], additionalProperties = true } = schema
      const keys = Object.keys(value)
      return (
        required.every((key) => keys.includes(key)) &&
        keys.every((key) =>
          Object.hasOwn(properties, key)
            ? inner(properties[key] as JsonSchema, (value as Record<string, unknown>)[key])
            : additionalProperties !== false,
        )
      )
    }
    default:
      return true
  }
}
