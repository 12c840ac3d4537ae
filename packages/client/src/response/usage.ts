import * as v from 'valibot'
import type { Usage } from '../receipts/check.ts'

const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0))

/** Chat and completions count prompt and completion, embeddings the prompt alone, responses input and output. */
const schema: v.GenericSchema<unknown, Usage> = v.union([
  v.pipe(
    v.object({ prompt_tokens: count, completion_tokens: v.optional(count, 0) }),
    v.transform((usage) => ({ promptTokens: usage.prompt_tokens, completionTokens: usage.completion_tokens })),
  ),
  v.pipe(
    v.object({ input_tokens: count, output_tokens: count }),
    v.transform((usage) => ({ promptTokens: usage.input_tokens, completionTokens: usage.output_tokens })),
  ),
])

/** Equal to no receipt: a usage that cannot be read must not pass for one that is not there. */
const UNREADABLE: Usage = { promptTokens: Number.NaN, completionTokens: Number.NaN }

/** The token counts that a payload shows, if it shows any. */
export function shownUsage(json: unknown): Usage | undefined {
  const payload = json as { usage?: unknown; response?: { usage?: unknown } | null } | null
  const usage = payload?.usage ?? payload?.response?.usage ?? undefined
  if (usage === undefined) return undefined
  const parsed = v.safeParse(schema, usage)
  return parsed.success ? parsed.output : UNREADABLE
}
