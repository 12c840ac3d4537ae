import { toJsonSchema } from '@valibot/to-json-schema'
import type { GenericSchema } from 'valibot'
import { chatSchema, completionSchema, embeddingSchema, responsesSchema } from './schema.ts'

const post = (summary: string, schema: GenericSchema): object => ({
  post: {
    summary,
    requestBody: {
      required: true,
      content: { 'application/json': { schema: toJsonSchema(schema, { errorMode: 'ignore' }) } },
    },
    responses: {
      200: { description: 'The answer; its last payload carries the receipt in `dcml`.' },
      default: { description: "A fault in OpenAI's shape." },
    },
  },
})
const get = (summary: string): object => ({ get: { summary, responses: { 200: { description: 'The answer.' } } } })

let document: object | undefined

/** The OpenAPI 3.1 document of the attested port, made from the schemas that judge its requests. */
export const openapi = (): object =>
  (document ??= {
    openapi: '3.1.0',
    info: { title: 'DCML runtime', version: '1' },
    paths: {
      '/v1/chat/completions': post('Chat', chatSchema),
      '/v1/completions': post('Plain completion', completionSchema),
      '/v1/responses': post('Stateless Responses', responsesSchema),
      '/v1/embeddings': post('Embeddings', embeddingSchema),
      '/v1/models': get('The model that is served; `root` is its modelH'),
      '/dcml/v1/evidence': get('Evidence bound to this connection'),
      '/dcml/v1/model-h': get('Which model is loaded, or what it waits for'),
    },
  })
