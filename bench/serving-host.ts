// Child process of the serving bench: one llama.cpp engine, served twice. Once behind the plainest HTTP server, once
// by the whole runtime (attested TLS, limits, token counting, receipts). Says on the parent's channel where they are.

import { statSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { development, imageH } from '@dcml/attestation'
import { toHex, utf8 } from '@dcml/protocol'
import {
  type ChatRequest,
  type Engine,
  llamaCppLoader,
  openAnonymousStore,
  sealedModels,
  startRuntime,
} from '@dcml/runtime'
import { createSimulator } from '@dcml/tee-simulator'
import pino from 'pino'

const [gguf, container] = process.argv.slice(2) as [string, string]
const engine = await llamaCppLoader({ threads: 1, parallel: 8, contextLength: 512 }).load(
  [{ name: 'model.gguf', path: gguf, size: statSync(gguf).size }],
  { signal: new AbortController().signal },
)

const plain = createServer(async (request, response) => {
  const body = JSON.parse(Buffer.concat(await request.toArray()).toString())
  response.writeHead(200, { 'content-type': 'text/event-stream' })
  const job: ChatRequest = {
    messages: body.messages,
    maxTokens: body.max_tokens,
    ignoreEos: true,
    temperature: 0,
    stop: [],
    body,
  }
  const chunk = (fields: object) =>
    response.write(`data: ${JSON.stringify({ object: 'chat.completion.chunk', ...fields })}\n\n`)
  for await (const event of engine.chat(job, { signal: new AbortController().signal })) {
    if (event.type === 'delta') chunk({ choices: [{ index: 0, delta: { content: event.text }, finish_reason: null }] })
    else {
      chunk({ choices: [{ index: 0, delta: {}, finish_reason: event.finishReason }] })
      chunk({ choices: [], usage: { prompt_tokens: event.promptTokens, completion_tokens: event.completionTokens } })
    }
  }
  response.end('data: [DONE]\n\n')
})
await new Promise<void>((resolve) => plain.listen(0, '127.0.0.1', resolve))

const image = `sha256:${'0'.repeat(64)}`
const manifest = utf8(JSON.stringify({ v: 1, name: 'bench', image, command: [], env: {}, models: 'any' }))
const simulator = await createSimulator()
const shared: Engine = {
  info: engine.info,
  chat: engine.chat.bind(engine),
  complete: engine.complete.bind(engine),
  embed: engine.embed.bind(engine),
  check: engine.check.bind(engine),
  close: async () => {},
}
const logger = pino({ level: 'silent' })
const runtime = await startRuntime({
  tee: simulator.createTee({ imageH: imageH(manifest) }),
  manifest,
  environment: 'development',
  loader: { name: 'shared', load: async () => shared },
  source: sealedModels(openAnonymousStore({ environment: 'development' })),
  model: container,
  listen: { host: '127.0.0.1', port: 0 },
  admin: { host: '127.0.0.1', port: 0 },
  peers: { policy: development({ binding: 'session-quoted' }), roots: [simulator.rootPem] },
  logger,
})
process.send!({
  plain: `http://127.0.0.1:${(plain.address() as AddressInfo).port}`,
  port: runtime.address.port,
  imageH: toHex(runtime.imageH),
  rootPem: simulator.rootPem,
})
