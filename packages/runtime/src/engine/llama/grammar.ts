import type { Llama, LlamaGrammar } from 'node-llama-cpp'
import * as v from 'valibot'
import { unsupported } from '../faults.ts'

const responseFormat = v.optional(
  v.variant('type', [
    v.object({ type: v.literal('text') }),
    v.object({ type: v.literal('json_object') }),
    v.object({ type: v.literal('json_schema'), json_schema: v.object({ schema: v.record(v.string(), v.unknown()) }) }),
  ]),
)

/** The grammar that OpenAI's `response_format` asks for, if it asks for one. */
export async function grammarFor(llama: Llama, wanted: unknown): Promise<LlamaGrammar | undefined> {
  const parsed = v.safeParse(responseFormat, wanted)
  if (!parsed.success) throw unsupported('This response_format is not known.', 'Use text, json_object or json_schema.')
  const format = parsed.output
  if (format === undefined || format.type === 'text') return undefined
  if (format.type === 'json_object') return llama.getGrammarFor('json')
  try {
    return await llama.createGrammarForJsonSchema(
      format.json_schema.schema as Parameters<Llama['createGrammarForJsonSchema']>[0],
    )
  } catch (cause) {
    throw unsupported(
      'This JSON schema has parts that the embedded engine cannot enforce.',
      'Keep to types, enum, const, properties, required, items and oneOf, or use an upstream engine.',
      cause,
    )
  }
}
