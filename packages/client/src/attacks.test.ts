// Stories of an enclave, or of someone who found a way to speak for it, that does not tell the truth.
import { generateKeyPairSync, sign } from 'node:crypto'
import { fromBase64url, type Receipt, type Signer, toHex } from '@dcml/protocol'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { ask, connect, errorOf } from '../test/connect.ts'
import { type FakeEnclave, type Mischief, MODEL_H, startFakeEnclave } from '../test/fake-enclave.ts'
import { type Client, type ClientOptions, memoryReceipts, type ReceiptRecord, ReceiptRefused } from './index.ts'

let fake: FakeEnclave
let other: FakeEnclave
let client: Client
const STREAM = { stream: true, stream_options: { include_usage: true } }

beforeAll(async () => {
  fake = await startFakeEnclave()
  other = await startFakeEnclave()
})
afterEach(() => {
  fake.mischief = {}
  client.close()
})
afterAll(() => Promise.all([fake.close(), other.close()]))

/** Asks once streaming and once not; both must fail alike. @returns names of the failed checks, if it came to checks */
async function refusals(code: string, mischief: Mischief, options: Partial<ClientOptions> = {}): Promise<string[]> {
  client = connect(fake, options)
  const failed = new Set<string>()
  for (const body of [{}, STREAM]) {
    fake.mischief = mischief
    const response = await ask(client, body)
    let received = ''
    const error = await errorOf(
      response.body!.pipeTo(
        new WritableStream({
          write(chunk) {
            received += new TextDecoder().decode(chunk)
          },
        }),
      ),
    )
    expect(error).toMatchObject({ name: 'DcmlError', code })
    expect(received).not.toContain('"dcml"')
    expect(received).not.toContain('[DONE]')
    if (body === STREAM) expect(received).toContain(': ready')
    else expect(received).toBe('')
    if (error instanceof ReceiptRefused)
      failed.add(error.checks.flatMap(({ name, status }) => (status === 'fail' ? [name] : [])).join())
  }
  return [...failed]
}

const strangerKeys = generateKeyPairSync('ed25519')
const stranger: Signer = {
  publicKey: fromBase64url(strangerKeys.publicKey.export({ format: 'jwk' }).x!),
  sign: (message) => Uint8Array.from(sign(null, message, strangerKeys.privateKey)),
}
const altered = (change: Partial<Omit<Receipt, 'domain'>>): Mischief => ({
  fields: (fields) => ({ ...fields, ...change }),
})
const bad = new Uint8Array(32).fill(0xbd)

test.each<[string, Mischief, string]>([
  ['signed by a key of its own', { signer: stranger }, 'receipt_signature'],
  ['for another model', altered({ modelH: bad }), 'receipt_model_h,receipt_model_shown'],
  ['by another image', altered({ imageH: bad }), 'receipt_image_h'],
  ['over another request', altered({ requestH: bad }), 'receipt_request_h'],
  ['over another response', altered({ responseH: bad }), 'receipt_response_h'],
  ['with more prompt tokens', altered({ promptTokens: 4 }), 'receipt_tokens'],
  ['with more completion tokens', altered({ completionTokens: 6 }), 'receipt_tokens'],
  ['that charges a channel nobody opened', altered({ channelId: bad }), 'receipt_channel'],
  ['that charges without a channel', altered({ spent: 1n }), 'receipt_channel'],
  ['from the future', altered({ time: BigInt(Date.now() + 3_600_000) }), 'receipt_time'],
  ['from before the request', altered({ time: BigInt(Date.now() - 3_600_000) }), 'receipt_time'],
  ['whose header names another model', { header: 'cd'.repeat(32) }, 'receipt_model_shown'],
  [
    'whose dcml member names another model',
    { field: (field) => ({ ...field, modelH: 'cd'.repeat(32) }) },
    'receipt_model_shown',
  ],
  ['that is no receipt', { field: (field) => ({ ...field, receipt: 'AAAA' }) }, 'receipt_format'],
  ['of an unknown form', { field: (field) => ({ ...field, v: 2 as 1 }) }, 'receipt_format'],
])('a receipt %s is refused', async (_, mischief, failed) => {
  expect(await refusals('receipt_invalid', mischief, { modelH: MODEL_H })).toEqual([failed])
})

test('a receipt with one changed byte is refused, whichever byte it is', async () => {
  client = connect(fake)
  for (let part = 0; part < 16; part++) {
    fake.mischief.field = (field) => {
      const bytes = Buffer.from(field.receipt, 'base64url')
      bytes[Math.floor((bytes.length * part) / 16)]! ^= 1
      return { ...field, receipt: bytes.toString('base64url') }
    }
    expect(await errorOf(ask(client).then((response) => response.text()))).toMatchObject({ code: 'receipt_invalid' })
  }
})

test('a receipt by the enclave at another address is refused, though both are genuine and run the same image', async () => {
  expect(toHex(other.enclave.imageH)).toBe(toHex(fake.enclave.imageH))
  const failed = await refusals('receipt_invalid', { signer: other.enclave.sessionKey })
  expect(failed).toEqual(['receipt_signature'])
})

test('a receipt is good once, also for a client that was started again', async () => {
  const receipts = memoryReceipts()
  client = connect(fake, { receipts })
  const pinned: Mischief = { fields: (fields) => ({ ...fields, sequence: 1_000_000n }) }
  fake.mischief = pinned
  await (await ask(client)).text()
  for (const again of [client, connect(fake, { receipts })]) {
    const error = await errorOf(ask(again, STREAM).then((response) => response.text()))
    expect(error).toMatchObject({ code: 'receipt_invalid', details: { failed: 'receipt_sequence' } })
    again.close()
  }
})

test('a forged receipt does not use up the number of the true one', async () => {
  client = connect(fake)
  const sequence = 2_000_000n
  fake.mischief = { signer: stranger, fields: (fields) => ({ ...fields, sequence }) }
  await errorOf(ask(client).then((response) => response.text()))
  fake.mischief = { fields: (fields) => ({ ...fields, sequence }) }
  await (await ask(client)).text()
})

test('an answer without a receipt is refused', async () => {
  await refusals('receipt_missing', { field: () => undefined })
})

test('a refused receipt is kept as evidence of what happened', async () => {
  await refusals('receipt_invalid', altered({ promptTokens: 4000 }))
  const records = await Array.fromAsync<ReceiptRecord>(client.receipts.list())
  expect(records.map(({ verdict }) => verdict.ok)).toEqual([false, false])
})

const swap = (text: string) => text.replace('tide', 'moon')

test.each<[string, (payloads: string[]) => string[], string]>([
  ['a word in the middle changed', (all) => all.map(swap), 'receipt_invalid'],
  ['a chunk in the middle lost', (all) => all.toSpliced(2, 1), 'receipt_invalid'],
  ['a chunk said twice', (all) => all.toSpliced(2, 0, all[2]!), 'receipt_invalid'],
  ['two chunks swapped', (all) => all.with(1, all[2]!).with(2, all[1]!), 'receipt_invalid'],
  ['two chunks joined on one line', (all) => all.toSpliced(1, 2, all[1]! + all[2]!), 'receipt_invalid'],
  ['its end cut off', (all) => all.slice(0, -1), 'receipt_missing'],
  ['words after the receipt', (all) => [...all, all[1]!], 'response_malformed'],
  ['a second receipt', (all) => [...all, all.at(-1)!], 'response_malformed'],
  ['an error in the middle', (all) => [all[0]!, '{"error":{"code":"engine_failed"}}'], 'receipt_missing'],
  ['a line in disguise', (all) => all.with(1, `${all[1]}\rdata: {}`), 'response_malformed'],
  ['a second data line', (all) => all.with(1, `${all[1]}\ndata: {}`), 'response_malformed'],
  ['a line of another kind', (all) => all.with(1, `${all[1]}\nretry: 1`), 'response_malformed'],
])('a stream with %s is refused', async (_, payloads, code) => {
  client = connect(fake)
  fake.mischief = { payloads }
  const response = await ask(client, STREAM)
  expect(await errorOf(response.text())).toMatchObject({ name: 'DcmlError', code })
})

test.each<[string, (body: string) => string]>([
  ['changed', swap],
  ['with a member in front', (body) => `{"choices":[],${body.slice(1)}`],
  ['with a member behind', (body) => `${body.slice(0, -1)},"choices":[]}`],
  ['with a space', (body) => body.replace('{', '{ ')],
  ['cut off', (body) => body.slice(0, -40)],
])('an answer in one piece that was %s is refused whole', async (_, change) => {
  client = connect(fake)
  fake.mischief = { payloads: ([body]) => [change(body!)] }
  const error = await errorOf(ask(client).then((response) => response.json()))
  expect(error).toMatchObject({ name: 'DcmlError', code: expect.stringMatching(/^receipt_invalid$/) })
})

test('an answer that shows a usage nobody can read is refused', async () => {
  client = connect(fake)
  const usage = /"usage":\{"prompt_tokens":3/
  for (const wrong of ['"usage":{"prompt_tokens":"3"', '"usage":{"prompt_tokens":-3', '"usage":{"tokens":3']) {
    fake.mischief = { payloads: ([body]) => [body!.replace(usage, wrong)] }
    const error = await errorOf(ask(client).then((response) => response.text()))
    expect(error).toMatchObject({ details: { failed: 'receipt_response_h,receipt_tokens' } })
  }
})

test('text that looks like a receipt stays text', async () => {
  client = connect(fake)
  const quoted = JSON.stringify(',"dcml":{"v":1},"usage":{"prompt_tokens":9}').slice(1, -1)
  fake.mischief.answer = ({ response }) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    response.end(`data: {"choices":[{"delta":{"content":"${quoted}"}}]}\n\n`)
    return true
  }
  expect(await errorOf(ask(client, STREAM).then((response) => response.text()))).toMatchObject({
    code: 'receipt_missing',
  })
})

test.each([
  ['no type', {}],
  ['a type that holds no receipt', { 'content-type': 'text/plain' }],
  ['compression that nobody asked for', { 'content-type': 'application/json', 'content-encoding': 'gzip' }],
])('an answer with %s is refused', async (_, headers) => {
  client = connect(fake)
  fake.mischief.answer = ({ response }) => {
    response.writeHead(200, headers as Record<string, string>).end(Buffer.of(0x1f, 0x8b, 8, 0xff))
    return true
  }
  expect(await errorOf(ask(client).then((response) => response.text()))).toMatchObject({ name: 'DcmlError' })
})

test('a success without a body is no answer', async () => {
  client = connect(fake)
  fake.mischief.answer = ({ response }) => {
    response.writeHead(204).end()
    return true
  }
  expect(await errorOf(ask(client))).toMatchObject({ code: 'receipt_missing' })
})
