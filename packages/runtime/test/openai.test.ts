import { createHash } from 'node:crypto'
import { detachDcml, parseReceipt, ResponseHash, toHex, verifyReceipt } from '@dcml/protocol'
import { expect, test } from 'vitest'
import { serving } from './harness.ts'

const hex = (text: string): string => createHash('sha256').update(text).digest('hex')

test('a whole chat answer carries a receipt over its exact bytes', async () => {
  await using served = await serving()
  const body = JSON.stringify({ model: 'tale', messages: [{ role: 'user', content: 'count 3' }] })
  const response = await served.post('/v1/chat/completions', body)
  expect(response.status).toBe(200)
  expect(response.headers.get('dcml-model-h')).toBe('ab'.repeat(32))
  const text = await response.text()
  const { payload, field } = detachDcml(text)
  expect(JSON.parse(payload)).toMatchObject({
    object: 'chat.completion',
    choices: [{ message: { role: 'assistant', content: 'w0 w1 w2' }, finish_reason: 'stop' }],
    usage: { prompt_tokens: 3, completion_tokens: 3, total_tokens: 6 },
  })
  const signed = parseReceipt(field!.receipt)
  expect(await verifyReceipt(signed, served.runtime.sessionKey)).toBe(true)
  const hash = new ResponseHash()
  hash.add(payload)
  expect(toHex(signed.receipt.responseH)).toBe(toHex(hash.digest()))
  expect(toHex(signed.receipt.requestH)).toBe(hex(body))
  expect(signed.receipt).toMatchObject({ promptTokens: 3, completionTokens: 3, sequence: 1n, spent: 0n })
})
