import { development } from '@dcml/attestation'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { type FakeEnclave, MODEL_H, startFakeEnclave, WORDS } from '../test/fake-enclave.ts'
import { type Client, createClient } from './index.ts'

let fake: FakeEnclave
const clients: Client[] = []

beforeAll(async () => {
  fake = await startFakeEnclave()
})
afterEach(() => {
  fake.mischief = {}
  fake.calls.length = 0
  for (const client of clients.splice(0)) client.close()
})
afterAll(() => fake.close())

function connect(options: Partial<Parameters<typeof createClient>[0]> = {}): Client {
  const client = createClient({ endpoint: fake.endpoint, policy: development(), roots: fake.roots, ...options })
  clients.push(client)
  return client
}

const ask = (client: Client, body: object = {}): Promise<Response> =>
  client.fetch('/v1/chat/completions', { method: 'POST', body: JSON.stringify({ messages: [], ...body }) })

test('a whole answer comes with its receipt, checked and kept', async () => {
  const client = connect({ modelH: MODEL_H })
  const answer = (await (await ask(client)).json()) as { choices: { message: { content: string } }[] }
  expect(answer.choices[0]?.message.content).toBe(WORDS.join(''))
  const records = await Array.fromAsync(client.receipts.list())
  expect(records).toHaveLength(1)
  console.log(JSON.stringify(records[0]?.verdict.checks, null, 1))
  expect(records[0]?.verdict.ok).toBe(true)
})
test('a stream comes with its receipt', async () => {
  const client = connect({ modelH: MODEL_H })
  const text = await (await ask(client, { stream: true })).text()
  expect(text).toContain('[DONE]')
})
