// Child process of the proxy bench: streams tokens in vLLM's wire format as fast as they are taken, one a write.
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

const server = createServer(async (request, response) => {
  response.on('error', () => {})
  if (request.method === 'GET')
    return void response.end(
      JSON.stringify({ object: 'list', data: [{ id: 'fake', object: 'model', max_model_len: 32_768 }] }),
    )
  const { max_tokens } = JSON.parse(Buffer.concat(await request.toArray()).toString())
  response.writeHead(200, { 'content-type': 'text/event-stream' })
  const chunk = (fields: object) =>
    `data: ${JSON.stringify({ id: 'c', object: 'chat.completion.chunk', created: 1, model: 'fake', ...fields })}\n\n`
  const token = chunk({ choices: [{ index: 0, delta: { content: ' token' }, logprobs: null, finish_reason: null }] })
  for (let i = 0; i < max_tokens; i++) {
    if (!response.write(token)) await once(response, 'drain')
    else await new Promise(setImmediate) // one token a packet, as an engine does
  }
  response.write(chunk({ choices: [{ index: 0, delta: {}, finish_reason: 'length' }] }))
  response.write(
    chunk({ choices: [], usage: { prompt_tokens: 10, completion_tokens: max_tokens, total_tokens: 10 + max_tokens } }),
  )
  response.end('data: [DONE]\n\n')
})
server.listen(0, '127.0.0.1', () => process.send!((server.address() as AddressInfo).port))
