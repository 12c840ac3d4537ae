import type { Llama, LlamaGrammar } from 'node-llama-cpp'
import * as v from 'valibot'
import { requireShallow } from '../depth.ts'
import { unsupported } from '../faults.ts'

/** node-llama-cpp's grammars end in these; what follows is more of the same. */
export const GRAMMAR_END = '\n\n\n\n'

/** Repetitions are written out in the grammar: without a bound, a small request could fill the memory. */
const count = v.optional(v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(1000)))
const scalar = v.picklist(['string', 'number', 'integer', 'boolean', 'null'])
const literal = v.union([v.string(), v.number(), v.boolean(), v.null()])
const notes = { title: v.optional(v.string()), description: v.optional(v.string()), $schema: v.optional(v.string()) }

/**
 * The part of JSON Schema that node-llama-cpp enforces. It ignores what it does not know, with a warning on the
 * console that may quote the schema, so anything else is refused. Like OpenAI's strict mode it writes every property.
 */
const jsonSchema: v.GenericSchema = v.lazy(() =>
  v.union([
    v.strictObject({ ...notes, type: v.literal('string'), minLength: count, maxLength: count }),
    v.strictObject({ ...notes, type: v.literal('string'), format: v.picklist(['date-time', 'time', 'date']) }),
    v.strictObject({ ...notes, type: v.union([scalar, v.pipe(v.array(scalar), v.minLength(1))]) }),
    v.strictObject({ ...notes, type: v.optional(scalar), enum: v.pipe(v.array(literal), v.minLength(1)) }),
    v.strictObject({ ...notes, type: v.optional(scalar), const: literal }),
    v.strictObject({ ...notes, oneOf: v.pipe(v.array(jsonSchema), v.minLength(1)) }),
    v.strictObject({
      ...notes,
      type: v.literal('array'),
      items: v.optional(jsonSchema),
      prefixItems: v.optional(v.array(jsonSchema)),
      minItems: count,
      maxItems: count,
    }),
    v.strictObject({
      ...notes,
      type: v.literal('object'),
      properties: v.optional(v.record(v.string(), jsonSchema)),
      required: v.optional(v.array(v.string())),
      additionalProperties: v.optional(v.union([v.boolean(), jsonSchema])),
    }),
  ]),
)

const responseFormat = v.optional(
  v.variant('type', [
    v.object({ type: v.literal('text') }),
    v.object({ type: v.literal('json_object') }),
    v.object({ type: v.literal('json_schema'), json_schema: v.object({ schema: jsonSchema }) }),
  ]),
)

/**
 * The grammar that OpenAI's `response_format` asks for, if it asks for one.
 * @throws DcmlError `engine_unsupported`, `engine_request_invalid`
 */
export async function grammarFor(llama: Llama, wanted: unknown): Promise<LlamaGrammar | undefined> {
  requireShallow(wanted)
  const parsed = v.safeParse(responseFormat, wanted)
  if (!parsed.success) throw notEnforceable()
  const format = parsed.output
  if (format === undefined || format.type === 'text') return undefined
  if (format.type === 'json_object') return llama.getGrammarFor('json')
  try {
    const { schema } = format.json_schema
    return await llama.createGrammarForJsonSchema(schema as Parameters<Llama['createGrammarForJsonSchema']>[0])
  } catch (cause) {
    throw notEnforceable(cause)
  }
}

const notEnforceable = (cause?: unknown) =>
  unsupported(
    'The embedded engine cannot enforce this response_format.',
    'Use text, json_object, or json_schema with types, enum, const, oneOf, items, properties and lengths up to 1000.',
    cause,
  )
