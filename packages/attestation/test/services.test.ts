// Faults of dstack's and Tinfoil's verifiers, and lies that their formats invite: each is refused by the check for it.
import { gzipSync } from 'node:zlib'
import { toHex, utf8 } from '@dcml/protocol'
import { describe, expect, test } from 'vitest'
import {
  certificatePem,
  compose,
  connection,
  failed,
  gpus,
  hash,
  judgeText,
  machine,
  options,
  other,
  passed,
  raTls,
  simulator,
  tinfoil,
  tlsSpki,
} from './services-world.ts'

describe('dstack', () => {
  test('an RA-TLS certificate holds on the connection that showed it', async () => {
    const { judge, recognise } = await import('../src/services.ts')
    const judgement = await judge(recognise(raTls())!, { ...options, connection })
    expect(failed(judgement)).toEqual([])
    expect(judgement).toMatchObject({ service: 'dstack', verdict: 'holds' })
    expect(passed(judgement)).toContain('service_tls_key')
  })

  test('a quote for another key, and the same certificate elsewhere, are refused', async () => {
    const { judge, recognise } = await import('../src/services.ts')
    expect(failed(await judge(recognise(raTls({ key: other }))!, options))).toEqual(['service_report_data'])
    const elsewhere = { ...options, connection: { tlsSpki: other } }
    expect(failed(await judge(recognise(raTls())!, elsewhere))).toEqual(['service_tls_key'])
  })

  const getQuote = (reportData: Uint8Array, { log, quote } = machine()) => ({
    quote: toHex(quote(reportData)),
    event_log: JSON.stringify(log),
    report_data: toHex(reportData),
  })

  test('an answer to GetQuote holds, and refuses another report data', async () => {
    const answer = getQuote(hash('sha512', utf8('x')))
    expect(failed(await judgeText(answer))).toEqual([])
    expect(failed(await judgeText({ ...answer, report_data: '00'.repeat(64) }))).toEqual(['service_report_data'])
  })

  test('an app whose compose hash was measured twice is refused', async () => {
    const { log } = machine()
    const events = log.filter(({ imr }) => imr === 3)
    const twice = machine(undefined, [...events, events[2]!])
    expect(failed(await judgeText(getQuote(new Uint8Array(64), twice)))).toEqual(['service_compose_event'])
  })

  test('the answer to Info is judged by the certificate in it', async () => {
    const pem = `-----BEGIN CERTIFICATE-----\n${Buffer.from(raTls()).toString('base64')}\n-----END CERTIFICATE-----\n`
    const info = { app_cert: pem, tcb_info: JSON.stringify({ app_compose: compose }), app_name: 'app' }
    const judgement = await judgeText(info)
    expect(failed(judgement)).toEqual([])
    expect(passed(judgement)).toContain('service_compose_hash')
  })
})

/** A document with what the cases bend. */
type Bent = { report_data: { hpke_key: string }; gpu?: { more?: number } }

describe('Tinfoil', () => {
  test('a document of version 3 holds but for the manifests of its GPU', async () => {
    const judgement = await judgeText(await tinfoil(), { connection })
    expect(failed(judgement)).toEqual([])
    expect(judgement).toMatchObject({ verdict: 'incomplete', needs: [{ kind: 'gpu-rims' }] })
    for (const name of [
      'service_report_data',
      'service_tls_key',
      'service_signature',
      'service_gpu_hash',
      'gpu_signature',
    ])
      expect(passed(judgement)).toContain(name)
  })

  test.each<[string, string[], (document: Bent) => void, object?]>([
    [
      'names another key to encrypt to',
      ['service_report_data'],
      ({ report_data }) => (report_data.hpke_key = toHex(other)),
    ],
    ['was answered to another nonce', ['service_nonce'], () => {}, { connection: { ...connection, nonce: other } }],
    ['is served by another host', ['service_tls_key'], () => {}, { connection: { ...connection, tlsSpki: other } }],
    ['writes its GPU evidence otherwise than it was hashed', ['service_gpu_hash'], ({ gpu }) => (gpu!.more = 1)],
    ['leaves the GPU evidence out', ['service_gpu_hash'], (document) => delete document.gpu],
  ])('one that %s is refused', async (_, expected, bend, more = {}) => {
    expect(failed(await judgeText(await tinfoil(bend as never), more))).toEqual(expected)
  })

  test('a byte that was changed after it was signed is noticed', async () => {
    const text = (await tinfoil()).replace('"gpu":', '"added":1,"gpu":')
    expect(failed(await judgeText(text))).toEqual(['service_signature'])
  })

  test('version 2 is two keys and a compressed report', async () => {
    const reportData = Uint8Array.from([...tlsSpki, ...other])
    const body = (bytes: Uint8Array) => gzipSync(bytes).toString('base64')
    const document = { format: 'https://tinfoil.sh/predicate/tdx-guest/v2', body: body(machine().quote(reportData)) }
    const bundle = { enclaveAttestationReport: document, enclaveCert: certificatePem, vcek: '' }
    for (const answer of [document, bundle]) {
      const judgement = await judgeText(answer, { connection: { tlsSpki } })
      expect(failed(judgement)).toEqual([])
      expect(judgement).toMatchObject({ verdict: 'holds', parts: [{ facts: { hpkeKey: toHex(other) } }] })
    }
    expect(failed(await judgeText(document, { connection: { tlsSpki: other } }))).toEqual(['service_tls_key'])
  })

  test('a compression bomb ends at the limit', async () => {
    const bomb = gzipSync(new Uint8Array(40_000_000)).toString('base64')
    const document = { format: 'https://tinfoil.sh/predicate/tdx-guest/v2', body: bomb }
    expect(failed(await judgeText(document))).toEqual(['service_document'])
  })
})

test.each([3, 4])('a quote of SGX, of version %i, is told to be one', async (version) => {
  const { judge, recognise } = await import('../src/services.ts')
  const quote = simulator.mintQuote({ reportData: new Uint8Array(64), imageH: new Uint8Array(32) })
  quote.set([version, 0, 2, 0, 0, 0, 0, 0])
  const { verdict, checks } = await judge(recognise(quote)!, options)
  expect(verdict).toBe('refused')
  expect(checks.find(({ name }) => name === 'tee_type')).toMatchObject({
    status: 'fail',
    why: expect.stringContaining('SGX'),
  })
})

test('bare evidence says what machine it is, and that it says no more', async () => {
  const { judge, recognise } = await import('../src/services.ts')
  const quote = simulator.mintQuote({ reportData: new Uint8Array(64), imageH: new Uint8Array(32) })
  for (const input of [quote, toHex(quote)]) {
    const judgement = await judge(recognise(input)!, options)
    expect(judgement).toMatchObject({ service: 'Intel TDX quote', verdict: 'holds' })
    expect(judgement.notProven[0]).toMatch(/not of a workload/)
  }
  const { list } = await gpus(1)
  const gpu = await judge(recognise(list)!, options)
  expect(gpu).toMatchObject({ service: 'NVIDIA GPU evidence', verdict: 'incomplete' })
  // no manifest came along: nothing is said of manifests
  expect(gpu.checks.filter(({ name, status }) => name.startsWith('gpu_rim_') && status !== 'skipped')).toEqual([])
})
