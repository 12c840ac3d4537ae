// Alice: opens a payment channel with the enclave, is charged per token while the answer streams in, closes the channel
// and gets the rest back. The OpenAI SDK sees none of it.
//   node pay.ts "What of our liberties?"     with the variables of README.md set
import { readFile } from 'node:fs/promises'
import { parsePolicy } from '@dcml/attestation'
import { createClient, fileChannel } from '@dcml/client'
import { accountFromKey, connectNear } from '@dcml/near'
import { modelWallet } from '@dcml/near/model'
import { formatAmount, parseAmount } from '@dcml/protocol'
import OpenAI from 'openai'

const need = (name: string): string => {
  const value = process.env[name]
  if (!value) throw new Error(`Set ${name}.`)
  return value
}
const [endpoint, modelH] = [need('ENDPOINT'), need('MODEL_H')]
const { ROOT } = process.env
const client = createClient({
  endpoint,
  modelH,
  policy: parsePolicy(JSON.parse(await readFile(need('POLICY'), 'utf8'))),
  ...(ROOT && { roots: [await readFile(ROOT, 'utf8')] }), // a development root, for a simulated TEE only
})
const near = connectNear({ networkId: need('NETWORK'), nodes: need('NODE') })
const account = accountFromKey(need('ACCOUNT'), (await readFile(need('KEY'), 'utf8')).trim())

const payer = await client.pay({
  wallet: modelWallet({ near, account, contract: need('CONTRACT') }),
  provider: need('PROVIDER'),
  deposit: parseAmount('1 NEAR'),
  perRequestLimit: parseAmount('0.2 NEAR'),
  step: parseAmount('0.005 NEAR'),
  store: fileChannel('channel.json'), // run it again after a crash: it goes on with this channel
})
let vouchers = 0
payer.onAmounts(() => vouchers++)

const openai = new OpenAI({ baseURL: `${endpoint}/v1`, apiKey: 'none', fetch: client.fetch })
const stream = await openai.chat.completions.create({
  model: modelH,
  messages: [{ role: 'user', content: process.argv[2] ?? 'Hello' }],
  max_tokens: 80,
  stream: true,
})
for await (const chunk of stream) process.stdout.write(chunk.choices[0]?.delta.content ?? '')

const { deposited, authorised, spent } = payer.amounts()
console.log(
  `\ndeposited ${formatAmount(deposited)}, authorised ${formatAmount(authorised)}, spent ${formatAmount(spent)}`,
)
console.log(`the amounts moved ${vouchers} times`)
const closure = await payer.close({ wait: true })
console.log(`settled ${closure.done && closure.settled !== null ? formatAmount(closure.settled) : 'by somebody else'}`)
client.close()
