import { clientDefault, development, type EvidenceJson } from '@dcml/attestation'
import { fromBase64url, parseReceipt, toBase64url } from '@dcml/protocol'
import { createSimulator } from '@dcml/tee-simulator'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { ask, connect } from '../../test/connect.ts'
import { type FakeEnclave, MODEL_H, startFakeEnclave } from '../../test/fake-enclave.ts'
import { parseReceiptRecord, type ReceiptRecord, verifyReceiptRecord } from '../index.ts'

const policy = development({ modelH: [MODEL_H] })
let fake: FakeEnclave
let other: FakeEnclave
let record: ReceiptRecord
let foreign: ReceiptRecord

async function receive(from: FakeEnclave): Promise<ReceiptRecord> {
  const client = connect(from)
  await (await ask(client)).text()
  const [kept] = await Array.fromAsync<ReceiptRecord>(client.receipts.list())
  client.close()
  // as it comes back from a file
  return JSON.parse(JSON.stringify(kept)) as ReceiptRecord
}

beforeAll(async () => {
  fake = await startFakeEnclave()
  other = await startFakeEnclave({ name: 'other' })
  record = await receive(fake)
  foreign = await receive(other)
})
afterAll(() => Promise.all([fake.close(), other.close()]))

const verify = (json: ReceiptRecord, options: Partial<Parameters<typeof verifyReceiptRecord>[1]> = {}) =>
  verifyReceiptRecord(json, { policy, roots: fake.roots, now: new Date(), ...options })

const failures = async (...args: Parameters<typeof verify>): Promise<string[]> => {
  const { ok, checks, receipt } = await verify(...args)
  const failed = checks.filter(({ status }) => status === 'fail').map(({ name }) => name)
  expect(ok).toBe(failed.length === 0)
  expect(receipt === undefined).toBe(!ok)
  return failed
}

test('a record holds what it takes to judge it offline', async () => {
  const verdict = await verify(record)
  expect(verdict).toMatchObject({ ok: true, environment: 'development', label: 'DEVELOPMENT' })
  expect(verdict.warnings.map(({ code }) => code)).toEqual(['development', 'any_workload'])
  expect(verdict.receipt).toMatchObject({ promptTokens: 3, completionTokens: 5, sequence: 1n })
  const passed = verdict.checks.filter(({ status }) => status === 'pass').map(({ name }) => name)
  for (const name of ['quote_signature', 'report_data', 'record_session_key', 'receipt_signature', 'receipt_tokens'])
    expect(passed).toContain(name)
})

test('it stays true for years, judged at the time of the receipt', async () => {
  expect(await failures(record, { now: new Date(Date.now() + 10 * 365 * 86_400_000) })).toEqual([])
})

test('a receipt from after "now" is refused', async () => {
  expect(await failures(record, { now: new Date(Date.now() - 3_600_000) })).toEqual(['receipt_time'])
})

test('each part that is not of this answer fails by name', async () => {
  const zeros = '0'.repeat(64)
  const cases: [string[], ReceiptRecord][] = [
    [['receipt_request_h'], { ...record, requestH: zeros }],
    [['receipt_response_h'], { ...record, responseH: zeros }],
    [['receipt_tokens'], { ...record, usage: { promptTokens: 3, completionTokens: 6 } }],
    [['record_session_key'], { ...record, sessionKey: foreign.sessionKey }],
    [
      ['receipt_signature', 'receipt_image_h'],
      { ...record, receipt: foreign.receipt, requestH: foreign.requestH, responseH: foreign.responseH },
    ],
    [['record_session_key', 'receipt_signature', 'receipt_image_h'], { ...record, evidence: foreign.evidence }],
    [['receipt_format'], { ...record, receipt: 'AAAA' }],
  ]
  for (const [failed, altered] of cases) expect(await failures(altered)).toEqual(failed)
})

test('a signed time far outside of any calendar is a failed check', async () => {
  const bytes = fromBase64url(record.receipt)
  const { receipt } = parseReceipt(record.receipt)
  const time = new Uint8Array(8)
  new DataView(time.buffer).setBigUint64(0, receipt.time, true)
  const at = Buffer.from(bytes).lastIndexOf(time)
  bytes.fill(0xff, at, at + 8)
  expect((await verify({ ...record, receipt: toBase64url(bytes) })).ok).toBe(false)
})

test('the evidence has to satisfy the policy, and the record cannot talk it round', async () => {
  const { roots: _, ...production } = { roots: 0, policy: clientDefault({ imageH: [], images: [] }) }
  expect(await failures(record, production)).toContain('environment')
  expect(await failures(record, { policy: development({ imageH: ['ab'.repeat(32)] }) })).not.toEqual([])
  expect(await failures(record, { policy: development({ modelH: ['ab'.repeat(32)] }) })).toEqual(['model_h'])
  const strange = await createSimulator({ seed: new Uint8Array(32).fill(1) })
  expect(await failures(record, { roots: [strange.rootDer] })).not.toEqual([])
  const boasting = { ...record, verdict: { ok: true, checks: [] }, evidence: {} as EvidenceJson }
  expect(await failures(boasting)).toContain('evidence_format')
})

test('no change to any text of a record passes, and none makes the verifier throw', async () => {
  const flip = (value: string, at: number): string => {
    const i = at % value.length
    const swapped = value[i] === 'A' ? 'B' : 'A'
    return value.slice(0, i) + swapped + value.slice(i + 1)
  }
  const { cpu, claims, manifest } = record.evidence
  if (cpu.tee !== 'tdx') throw new Error('not TDX')
  await fc.assert(
    fc.asyncProperty(fc.nat(), fc.nat(4), async (at, which) => {
      const altered = [
        { ...record, receipt: flip(record.receipt, at) },
        { ...record, evidence: { ...record.evidence, claims: flip(claims, at) } },
        { ...record, evidence: { ...record.evidence, manifest: flip(manifest, at) } },
        { ...record, evidence: { ...record.evidence, cpu: { ...cpu, quote: flip(cpu.quote, at % 1000) } } },
        { ...record, sessionKey: flip(record.sessionKey, at) },
      ][which]!
      expect(await verify(altered).then(({ ok }) => ok)).toBe(false)
    }),
    { numRuns: 60 },
  )
})

test('a record of another form is refused by its field', () => {
  const { requestH: _, ...less } = record
  for (const [field, json] of [
    ['requestH', less],
    ['v', { ...record, v: 2 }],
    ['receivedAt', { ...record, receivedAt: -1 }],
    ['more', { ...record, more: 1 }],
    ['record', null],
  ] as const)
    expect(() => parseReceiptRecord(json)).toThrow(
      expect.objectContaining({ code: 'receipt_record_malformed', details: { field } }),
    )
})
