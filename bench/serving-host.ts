// Child process of the serving bench: one llama.cpp engine, served twice. Once behind the plainest HTTP server, once
// by the whole runtime (attested TLS, limits, token counting, receipts). Says on the parent's channel where they are.

import { statSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type ChatRequest, type Engine, llamaCppLoader } from '@dcml/runtime'
import { startDevHost } from '../test/dev-host.ts'

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
    else if (event.type === 'end') {
      chunk({ choices: [{ index: 0, delta: {}, finish_reason: event.finishReason }] })
      chunk({ choices: [], usage: { prompt_tokens: event.promptTokens, completion_tokens: event.completionTokens } })
    }
  }
  response.end('data: [DONE]\n\n')
})
await new Promise<void>((resolve) => plain.listen(0, '127.0.0.1', resolve))

const shared: Engine = {
  info: engine.info,
  chat: engine.chat.bind(engine),
  complete: engine.complete.bind(engine),
  embed: engine.embed.bind(engine),
  check: engine.check.bind(engine),
  close: async () => {},
}
const host = await startDevHost(container, { name: 'shared', load: async () => shared })
process.send!({
  plain: `http://127.0.0.1:${(plain.address() as AddressInfo).port}`,
  port: host.endpoint.port,
  imageH: host.imageH,
  rootPem: host.rootPem,
})
