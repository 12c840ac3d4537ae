import { PAYMENT_CALLS, wire } from '@dcml/channels'
import { toJsonSchema } from '@valibot/to-json-schema'
import * as v from 'valibot'
import { porSchema } from '../por/routes.ts'
import { chatSchema, completionSchema, embeddingSchema, responsesSchema } from './schema.ts'

const post = (summary: string, schema: v.GenericSchema, answer = RECEIPT): object => ({
  post: {
    summary,
    requestBody: {
      required: true,
      content: { 'application/json': { schema: toJsonSchema(schema, { errorMode: 'ignore', typeMode: 'input' }) } },
    },
    responses: {
      200: { description: answer },
      default: { description: "A fault in OpenAI's shape." },
    },
  },
})
const RECEIPT = 'The answer; its last payload carries the receipt in `dcml`.'
const get = (summary: string): object => ({ get: { summary, responses: { 200: { description: 'The answer.' } } } })

/** Calls of a workload that is paid (paper §6). */
const payment = (): object => ({
  [PAYMENT_CALLS.lightClient]: {
    ...get('Where the light client stands: proofs start there'),
    ...post('Goes over blocks, where the way to a proof is too long for one bundle', wire.blocks, '`state`'),
  },
  [PAYMENT_CALLS.getChallenge]: post(
    'A challenge to open a channel with',
    v.object({}),
    '`challenge` and what it is for',
  ),
  [PAYMENT_CALLS.establish]: post('Takes up a channel, by the proof of its opening', wire.bundle, AMOUNTS),
  [PAYMENT_CALLS.topUp]: post('Believes a deposit, by its proof', wire.bundle, AMOUNTS),
  [PAYMENT_CALLS.acceptVoucher]: post('Takes a voucher', wire.voucher, AMOUNTS),
  [PAYMENT_CALLS.requestClosure]: post('Ends a channel for its payer', wire.closure, APPROVAL),
  [PAYMENT_CALLS.answerClosure]: post('Ends a channel, by the proof of a forced closure', wire.bundle, APPROVAL),
  [PAYMENT_CALLS.forget]: post('Forgets a channel, by the proof of its end', wire.bundle, 'Nothing'),
})
const [AMOUNTS, APPROVAL] = ['`channelId` and its amounts', '`approval`, for the contract']

/**
 * The OpenAPI 3.1 document of the attested port, made from the schemas that judge its requests.
 * @param isPaid whether completions are paid for
 */
export const openapi = (isPaid: boolean): object => ({
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
    '/dcml/v1/por': post(
      'What a node of Proof of Response was asked',
      porSchema,
      '`status` and `payload` to be signed',
    ),
    ...(isPaid && payment()),
  },
})
