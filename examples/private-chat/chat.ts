// Alice: the OpenAI SDK over a verified fetch. Nothing is sent before the enclave has proven itself, and the answer
// counts only once its receipt holds.
//   ENDPOINT=https://127.0.0.1:8443 POLICY=policy.json MODEL_H=… node chat.ts "What of our liberties?"
import { readFile } from 'node:fs/promises'
import { parsePolicy } from '@dcml/attestation'
import { createClient } from '@dcml/client'
import OpenAI from 'openai'

const { ENDPOINT, POLICY, MODEL_H, ROOT } = process.env
if (!ENDPOINT || !POLICY || !MODEL_H) throw new Error('Set ENDPOINT, POLICY and MODEL_H.')

const client = createClient({
  endpoint: ENDPOINT,
  policy: parsePolicy(JSON.parse(await readFile(POLICY, 'utf8'))),
  ...(ROOT && { roots: [await readFile(ROOT, 'utf8')] }), // a development root, for a simulated TEE only
  modelH: MODEL_H,
})
const openai = new OpenAI({ baseURL: `${ENDPOINT}/v1`, apiKey: 'none', fetch: client.fetch })
const stream = await openai.chat.completions.create({
  model: MODEL_H,
  messages: [{ role: 'user', content: process.argv[2] ?? 'Hello' }],
  max_tokens: 80,
  stream: true,
})
for await (const chunk of stream) process.stdout.write(chunk.choices[0]?.delta.content ?? '')

for await (const { verdict } of client.receipts.list())
  console.log(`\nreceipt: ${verdict.checks.filter(({ status }) => status === 'pass').length} checks passed`)
client.close()
