import { appendFile, mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { ask, connect, errorOf } from '../../test/connect.ts'
import { type FakeEnclave, startFakeEnclave } from '../../test/fake-enclave.ts'
import { fileReceipts, type ReceiptRecord } from '../index.ts'

let folder: string
let fake: FakeEnclave
let record: ReceiptRecord
let files = 0
const newPath = (): string => join(folder, `receipts-${++files}.jsonl`)
const all = (path: string): Promise<ReceiptRecord[]> => Array.fromAsync(fileReceipts(path).list())
const at = (receivedAt: number): ReceiptRecord => ({ ...record, receivedAt })

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dcml-receipts-'))
  fake = await startFakeEnclave()
  const client = connect(fake)
  await (await ask(client)).text()
  const [kept] = await Array.fromAsync<ReceiptRecord>(client.receipts.list())
  client.close()
  record = kept!
})
afterAll(async () => {
  await rm(folder, { recursive: true })
  await fake.close()
})

test('records come back whole and in order, also to another process', async () => {
  const path = newPath()
  const store = fileReceipts(path)
  const records = [1, 2, 3, 4, 5].map(at)
  await Promise.all(records.map((one) => store.add(one)))
  expect(await all(path)).toEqual(records)
  await fileReceipts(path).add(at(6))
  expect(await all(path)).toEqual([...records, at(6)])
})

test('evidence that many receipts share is written once', async () => {
  const path = newPath()
  const store = fileReceipts(path)
  for (let i = 0; i < 10; i++) await store.add(at(i))
  const evidence = JSON.stringify(record.evidence).length
  expect((await stat(path)).size).toBeLessThan(evidence + 10 * 4096)
})

test('a file that is not there is empty', async () => {
  expect(await all(newPath())).toEqual([])
})

test.skipIf(process.platform === 'win32')('the file is for its owner alone', async () => {
  const path = newPath()
  await fileReceipts(path).add(record)
  expect((await stat(path)).mode & 0o777).toBe(0o600)
})

test('wherever a crash cuts the file, every line before it is kept and the next one is good', async () => {
  const path = newPath()
  const store = fileReceipts(path)
  for (const one of [at(1), at(2), at(3)]) await store.add(one)
  const whole = await readFile(path)
  const ends = [...whole.entries()].filter(([, byte]) => byte === 10).map(([index]) => index + 1)
  await fc.assert(
    fc.asyncProperty(fc.nat(whole.length), async (cut) => {
      await writeFile(path, whole.subarray(0, cut))
      // one line of evidence, then one per record
      const kept = Math.max(0, ends.filter((end) => end <= cut).length - 1)
      expect(await all(path)).toEqual([at(1), at(2), at(3)].slice(0, kept))
      await fileReceipts(path).add(at(9))
      expect((await all(path)).map(({ receivedAt }) => receivedAt)).toEqual([...[1, 2, 3].slice(0, kept), 9])
    }),
    { numRuns: 40 },
  )
})

test('a last line that was not written to its end is reported, and is none once it was dropped', async () => {
  const path = newPath()
  for (const one of [at(1), at(2)]) await fileReceipts(path).add(one)
  const whole = await readFile(path)
  const torn: number[] = []
  const store = fileReceipts(path, { onTorn: (line) => torn.push(line) })
  const listed = async () => (await Array.fromAsync<ReceiptRecord>(store.list())).map(({ receivedAt }) => receivedAt)
  expect([await listed(), torn]).toEqual([[1, 2], []])
  // evidence, record, evidence of the second store, record
  await writeFile(path, whole.subarray(0, -2))
  expect([await listed(), torn]).toEqual([[1], [4]])
  await store.add(at(3))
  expect([await listed(), torn]).toEqual([[1, 3], [4]])
  await appendFile(path, '\0'.repeat(500))
  expect([await listed(), torn]).toEqual([
    [1, 3],
    [4, 6],
  ])
  await fileReceipts(path).add(at(5))
  expect([await listed(), torn]).toEqual([
    [1, 3, 5],
    [4, 6],
  ])
})

test.each([
  ['lines of another kind', 'dear diary\nsecond line without an end'],
  ['one line of another kind', '{"kind":"dcml-model-key","sk":"…"}'],
  ['receipts followed by something else', undefined],
  ['lines of another kind and a torn receipt', 'dear diary\n{"evidenceH":"ab'],
  ['a single letter', 'x'],
])('not a byte of a file is cut that holds %s', async (_, content) => {
  const path = newPath()
  if (content === undefined) {
    await fileReceipts(path).add(at(1))
    await appendFile(path, 'a note of my own')
  } else await writeFile(path, content)
  const before = await readFile(path)
  expect(await errorOf(fileReceipts(path).add(record))).toMatchObject({ code: 'receipt_store_malformed' })
  expect(await errorOf(all(path))).toMatchObject({ code: 'receipt_store_malformed' })
  expect(await readFile(path)).toEqual(before)
})

test('a line that something else wrote is named', async () => {
  const path = newPath()
  await fileReceipts(path).add(record)
  for (const line of ['nonsense', '{"evidenceH":"x","record":{}}', '{}', '']) {
    await writeFile(path, `${line}\n`)
    expect(await errorOf(all(path))).toMatchObject({ code: 'receipt_store_malformed', details: { line: 1 } })
  }
})

test('when a receipt cannot be kept the answer fails, and the next one works when the disk does', async () => {
  const path = join(folder, 'later', 'receipts.jsonl')
  const client = connect(fake, { receipts: fileReceipts(path) })
  try {
    for (const body of [{}, { stream: true }])
      expect(await errorOf(ask(client, body).then((response) => response.text()))).toMatchObject({
        code: 'receipt_store_failed',
      })
    await mkdir(join(folder, 'later'))
    await (await ask(client)).text()
    expect(await all(path)).toHaveLength(1)
  } finally {
    client.close()
  }
})

test('a client does not start on a store that it cannot read', async () => {
  const path = newPath()
  await appendFile(path, 'nonsense\n')
  const client = connect(fake, { receipts: fileReceipts(path) })
  const calls = fake.calls.length
  expect(await errorOf(ask(client))).toMatchObject({ code: 'receipt_store_malformed' })
  expect(fake.calls).toHaveLength(calls)
  client.close()
})
