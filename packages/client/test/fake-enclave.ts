// A small attested server that answers as a runtime does, and misbehaves on demand.
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import type { TLSSocket } from 'node:tls'
import { imageH, parseAttestRequest } from '@dcml/attestation'
import { createEnclave, type Enclave } from '@dcml/attestation/node'
import {
  attachDcml,
  type DcmlField,
  formatReceipt,
  NO_CHAIN,
  NO_CHANNEL,
  type Receipt,
  ResponseHash,
  type Signer,
  signReceipt,
  toHex,
  utf8,
} from '@dcml/protocol'
import { createSimulator } from '@dcml/tee-simulator'

export const modelH = new Uint8Array(32).fill(7)
export const MODEL_H: string = toHex(modelH)

/** Lies that an enclave with a fault could tell. */
export interface Mischief {
  /** Changes what is signed. */
  fields?: (fields: Omit<Receipt, 'domain'>) => Omit<Receipt, 'domain'>
  /** Another key than the enclave's. */
  signer?: Signer
  /** Changes the `dcml` member, or leaves it out. */
  field?: (field: DcmlField) => DcmlField | undefined
  /** Changes the payloads after they were hashed, the receipt's included. */
  payloads?: (payloads: string[]) => string[]
  /** Answers in its own way; true when it did. */
  answer?: (call: Call) => boolean
  header?: string
}

export interface Call {
  path: string
  body: Buffer
  request: IncomingMessage
  response: ServerResponse
}

export interface FakeEnclave {
  readonly enclave: Enclave
  readonly endpoint: string
  readonly port: number
  readonly roots: readonly Uint8Array[]
  /** Requests that came after an evidence request. */
  readonly calls: Call[]
  /** Connections that asked for evidence. */
  attestations: number
  mischief: Mischief
  close(): Promise<void>
}

export const WORDS: readonly string[] = ['The', ' tide', ' is', ' out', ' — 潮\u2028.']
export const USAGE = { prompt_tokens: 3, completion_tokens: 5, total_tokens: 8 }

export async function startFakeEnclave(options: { clock?: () => number; name?: string } = {}): Promise<FakeEnclave> {
  const { clock = Date.now, name = 'fake' } = options
  const simulator = await createSimulator({ now: () => new Date(clock()) })
  const manifest = utf8(
    JSON.stringify({ v: 1, name, image: `sha256:${'0'.repeat(64)}`, command: [], env: {}, models: 'any' }),
  )
  const enclave = await createEnclave({
    tee: simulator.createTee({ imageH: imageH(manifest) }),
    manifest,
    modelH: () => modelH,
    clock,
  })
  let sequence = 0n

  async function sign(body: Uint8Array, payloads: readonly string[]): Promise<DcmlField | undefined> {
    const { mischief } = fake
    const hash = new ResponseHash()
    for (const payload of payloads) hash.add(payload)
    sequence += 1n
    const honest = {
      modelH,
      imageH: enclave.imageH,
      requestH: Uint8Array.from(createHash('sha256').update(body).digest()),
      responseH: hash.digest(),
      promptTokens: 3,
      completionTokens: 5,
      channelId: NO_CHANNEL,
      spent: 0n,
      sequence,
      time: BigInt(clock()),
    }
    const signed = await signReceipt(
      NO_CHAIN,
      mischief.fields?.(honest) ?? honest,
      mischief.signer ?? enclave.sessionKey,
    )
    const field: DcmlField = { v: 1, modelH: MODEL_H, receipt: formatReceipt(signed) }
    return mischief.field === undefined ? field : mischief.field(field)
  }

  /** The payloads of an answer with the receipt in the last one, as they go over the wire. */
  async function sealed(body: Uint8Array, payloads: readonly string[]): Promise<string[]> {
    const field = await sign(body, payloads)
    const all = field === undefined ? [...payloads] : payloads.with(-1, attachDcml(payloads.at(-1)!, field))
    return fake.mischief.payloads?.(all) ?? all
  }

  async function answer(call: Call): Promise<void> {
    const { path, body, response } = call
    const { mischief } = fake
    response.setHeader('dcml-model-h', mischief.header ?? MODEL_H)
    if (mischief.answer?.(call)) return
    if (path === '/v1/models') return void json(response, 200, JSON.stringify({ object: 'list', data: [] }))
    if (path === '/dcml/v1/model-h') return void json(response, 200, JSON.stringify({ phase: 'empty' }))
    const asked = JSON.parse(body.toString()) as { stream?: boolean; stream_options?: { include_usage?: boolean } }
    const shape = path === '/v1/responses' ? responsesShape : chatShape
    if (asked.stream !== true) {
      const [whole] = await sealed(body, [shape.whole])
      return void json(response, 200, whole ?? '')
    }
    const payloads = await sealed(body, shape.stream(asked.stream_options?.include_usage === true))
    response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8' })
    response.write(': ready\n\n')
    for (const payload of payloads) response.write(shape.frame(payload))
    response.end(shape.terminator)
  }

  const server = createServer(enclave.tls, async (request, response) => {
    const url = new URL(request.url ?? '/', 'https://enclave')
    const body = Buffer.concat(await request.toArray())
    if (url.pathname !== '/dcml/v1/evidence') {
      const call = { path: url.pathname, body, request, response }
      fake.calls.push(call)
      return answer(call)
    }
    fake.attestations++
    const evidence = await enclave.attest(request.socket as TLSSocket, parseAttestRequest(url.searchParams))
    json(response, 200, JSON.stringify(evidence))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo

  const fake: FakeEnclave = {
    enclave,
    endpoint: `https://127.0.0.1:${port}`,
    port,
    roots: [simulator.rootDer],
    calls: [],
    attestations: 0,
    mischief: {},
    async close() {
      server.close()
      server.closeAllConnections()
      await once(server, 'close')
    },
  }
  return fake
}

export function json(response: ServerResponse, status: number, body: string): void {
  const bytes = Buffer.from(body)
  response.writeHead(status, { 'content-type': 'application/json', 'content-length': bytes.length }).end(bytes)
}

const head = '"id":"chatcmpl-1","created":1,"model":"fake"'
const chunk = (choices: string, usage = ''): string =>
  `{${head},"object":"chat.completion.chunk","choices":[${choices}]${usage}}`

const chatShape = {
  whole: `{${head},"object":"chat.completion","choices":[{"index":0,"message":{"role":"assistant","content":${JSON.stringify(WORDS.join(''))}},"finish_reason":"stop"}],"usage":${JSON.stringify(USAGE)}}`,
  stream: (usage: boolean): string[] => [
    ...WORDS.map((word) =>
      chunk(`{"index":0,"delta":{"role":"assistant","content":${JSON.stringify(word)}},"finish_reason":null}`),
    ),
    chunk('{"index":0,"delta":{},"finish_reason":"stop"}'),
    chunk('', usage ? `,"usage":${JSON.stringify(USAGE)}` : ''),
  ],
  frame: (payload: string): string => `data: ${payload}\n\n`,
  terminator: 'data: [DONE]\n\n',
}

const item = {
  id: 'msg_1',
  type: 'message',
  role: 'assistant',
  status: 'completed',
  content: [{ type: 'output_text', text: WORDS.join(''), annotations: [] }],
}
const response = (output: unknown[], usage: unknown): object => ({
  id: 'resp_1',
  object: 'response',
  created_at: 1,
  status: usage === null ? 'in_progress' : 'completed',
  error: null,
  incomplete_details: null,
  instructions: null,
  metadata: {},
  model: 'fake',
  output,
  parallel_tool_calls: false,
  tool_choice: 'none',
  tools: [],
  usage,
})
const responseUsage = {
  input_tokens: 3,
  input_tokens_details: { cached_tokens: 0 },
  output_tokens: 5,
  output_tokens_details: { reasoning_tokens: 0 },
  total_tokens: 8,
}
const place = { item_id: 'msg_1', output_index: 0, content_index: 0 }

const responsesShape = {
  whole: JSON.stringify(response([item], responseUsage)),
  stream: (): string[] =>
    [
      { type: 'response.created', response: response([], null) },
      { type: 'response.output_item.added', output_index: 0, item: { ...item, status: 'in_progress', content: [] } },
      ...WORDS.map((delta) => ({ type: 'response.output_text.delta', ...place, delta, logprobs: [] })),
      { type: 'response.output_text.done', ...place, text: WORDS.join(''), logprobs: [] },
      { type: 'response.output_item.done', output_index: 0, item },
      { type: 'response.completed', response: response([item], responseUsage) },
    ].map((event, index) => JSON.stringify({ ...event, sequence_number: index })),
  frame: (payload: string): string => `event: ${(JSON.parse(payload) as { type: string }).type}\ndata: ${payload}\n\n`,
  terminator: '',
}
