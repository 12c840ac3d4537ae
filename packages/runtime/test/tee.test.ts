// The TEE backends against stand-ins that answer as the kernel, dstack's guest agent and Intel's service do.
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer, type IncomingMessage, type Server } from 'node:http'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import type { TdxCollateral } from '@dcml/attestation'
import { verifyTdxQuote } from '@dcml/attestation'
import { fromHex, toHex, utf8 } from '@dcml/protocol'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { findVector } from '../../../test/vectors.ts'
import { collateralFile, collateralService, configfsTsm, dstackAgent, type ReportFs } from '../src/index.ts'
import { pckIdentity } from '../src/tee/pck.ts'
import { teeBackendCompliance } from '../src/testing.ts'
import { simulator } from './harness.ts'

const imageH = new Uint8Array(32).fill(3)
const mint = (reportData: Uint8Array): Uint8Array => simulator.mintQuote({ reportData, imageH })
const collateral = async (): Promise<TdxCollateral> => simulator.collateral()
const EVENT_LOG = '/run/event-log.json'
const { eventLog } = await simulator.createTee({ imageH }).quote(new Uint8Array(64))
const data = (seed: number): Uint8Array => new Uint8Array(64).fill(seed)

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dcml-tee-'))
})
afterAll(() => rm(folder, { recursive: true }))

const errno = (code: string): Error => Object.assign(new Error(code), { code })

/** The kernel's report folder: attributes exist once a folder is made, and the generation counts writes. */
function fakeKernel(options: { provider?: string; fail?: (attempt: number, file: string) => string | undefined } = {}) {
  const reports = new Map<string, { generation: number; inblob?: Uint8Array }>()
  let attempts = 0
  const fs: ReportFs = {
    async mkdir(path) {
      attempts++
      if (reports.has(path)) throw errno('EEXIST')
      reports.set(path, { generation: 0 })
    },
    async rmdir(path) {
      if (!reports.delete(path)) throw errno('ENOENT')
    },
    async writeFile(path, bytes) {
      const report = reports.get(dirname(path))!
      const code = options.fail?.(attempts, basename(path))
      if (code !== undefined) throw errno(code)
      report.inblob = bytes
      report.generation++
    },
    async readFile(path) {
      if (path === EVENT_LOG) return eventLog!
      const report = reports.get(dirname(path))
      if (report === undefined) throw errno('ENOENT')
      const code = options.fail?.(attempts, basename(path))
      if (code === 'CONFLICT') report.generation++
      else if (code !== undefined) throw errno(code)
      if (basename(path) === 'provider') return utf8(`${options.provider ?? 'tdx_guest'}\n`)
      if (basename(path) === 'generation') return utf8(`${report.generation}\n`)
      return mint(report.inblob!)
    },
  }
  return { fs, reports, attempts: () => attempts }
}

describe('simulator', () => {
  for (const { name, run } of teeBackendCompliance(async () => simulator.createTee({ imageH }))) test(name, run)
})

describe('configfs-tsm', () => {
  for (const { name, run } of teeBackendCompliance(async () =>
    configfsTsm({ collateral, eventLog: EVENT_LOG, fs: fakeKernel().fs }),
  ))
    test(name, run)

  test('its evidence verifies', async () => {
    const { fs, reports } = fakeKernel()
    const evidence = await configfsTsm({ collateral, eventLog: EVENT_LOG, fs }).quote(data(5))
    expect(evidence.eventLog).toEqual(eventLog)
    const verdict = await verifyTdxQuote({ ...evidence, roots: [simulator.rootDer], now: new Date() })
    expect(verdict.report && toHex(verdict.report.reportData)).toBe(toHex(data(5)))
    expect(reports.size).toBe(0)
  })

  for (const [what, fail] of Object.entries({
    'a busy quoting service': (n: number, file: string) => (n < 3 && file === 'outblob' ? 'EBUSY' : undefined),
    'an interrupted write': (n: number, file: string) => (n < 2 && file === 'inblob' ? 'EINTR' : undefined),
    'somebody else writing to the report': (n: number, file: string) =>
      n < 2 && file === 'outblob' ? 'CONFLICT' : undefined,
  })) {
    test(`tries again after ${what}`, async () => {
      const kernel = fakeKernel({ fail })
      const { quote } = await configfsTsm({ collateral, eventLog: EVENT_LOG, fs: kernel.fs }).quote(data(1))
      expect(quote.length).toBeGreaterThan(1000)
      expect(kernel.attempts()).toBeGreaterThan(1)
      expect(kernel.reports.size).toBe(0)
    })
  }

  for (const [code, hint] of Object.entries({
    ENXIO: 'tdx_guest',
    EACCES: 'right to write',
    ENOENT: 'TDX guest',
    EFBIG: 'firmware',
    EIO: 'quote generation service',
  })) {
    test(`${code} fails at once, says what to do and leaves no folder`, async () => {
      const kernel = fakeKernel({ fail: (_n, file) => (file === 'outblob' ? code : undefined) })
      const quote = configfsTsm({ collateral, eventLog: EVENT_LOG, fs: kernel.fs }).quote(data(1))
      await expect(quote).rejects.toMatchObject({ code: 'tee_unavailable', hint: expect.stringContaining(hint) })
      expect([kernel.attempts(), kernel.reports.size]).toEqual([1, 0])
    })
  }

  test('a service that stays busy fails as retryable; an abort ends the waiting', async () => {
    const kernel = fakeKernel({ fail: (_n, file) => (file === 'outblob' ? 'EBUSY' : undefined) })
    const tee = configfsTsm({ collateral, eventLog: EVENT_LOG, fs: kernel.fs })
    const reason = new Error('enough')
    await expect(tee.quote(data(1), { signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
    await expect(tee.quote(data(1))).rejects.toMatchObject({ code: 'tee_unavailable', retryable: true })
  })

  test('without the event log of the boot there is no evidence', async () => {
    const { fs } = fakeKernel()
    await expect(configfsTsm({ collateral, eventLog: '/absent', fs }).quote(data(1))).rejects.toMatchObject({
      code: 'tee_event_log_missing',
    })
  })

  test('another TEE is refused by its name', async () => {
    const { fs } = fakeKernel({ provider: 'sev_guest' })
    await expect(configfsTsm({ collateral, eventLog: EVENT_LOG, fs }).quote(data(1))).rejects.toMatchObject({
      code: 'tee_unsupported',
      message: expect.stringContaining('sev_guest'),
    })
  })
})

describe('dstack', () => {
  let server: Server
  let socket: string
  let answer: (reportData: string) => { status?: number; body: unknown }
  const events = [
    { imr: 0, event_type: 1, digest: '11'.repeat(48), event: '', event_payload: '00'.repeat(20) },
    { imr: 3, event_type: 134217729, digest: '22'.repeat(48), event: 'compose-hash', event_payload: 'abcd' },
  ]
  const normal = (reportData: string) => ({
    body: {
      quote: toHex(mint(fromHex(reportData))),
      event_log: JSON.stringify(events),
      report_data: reportData,
      vm_config: '{}',
    },
  })
  const KEY = toHex(Uint8Array.from({ length: 32 }, (_, i) => i * 7))
  const composeHash = 'c0'.repeat(20) + 'de'.repeat(12)
  let info: object
  let key: object
  let asked: { path?: string; purpose?: string }[] = []
  beforeEach(() => {
    answer = normal
    info = { app_id: 'c0'.repeat(20), compose_hash: composeHash, instance_id: 'ab'.repeat(20), tcb_info: '{}' }
    key = { key: KEY, signature_chain: ['aa'.repeat(65), 'bb'.repeat(65)] }
    asked = []
  })
  beforeAll(async () => {
    socket = join(folder, 'dstack.sock')
    server = createServer(async (request: IncomingMessage, response) => {
      let text = ''
      for await (const part of request) text += part
      const json = JSON.parse(text) as { report_data: string; path: string; purpose: string }
      const methods: Record<string, () => { status?: number; body: unknown }> = {
        '/GetQuote': () => answer(json.report_data),
        '/Info': () => ({ body: info }),
        '/GetKey': () => {
          asked.push(json)
          return { body: key }
        },
      }
      const method = request.method === 'POST' ? methods[request.url!] : undefined
      const { status = 200, body } = method?.() ?? { status: 404, body: {} }
      response.writeHead(status).end(typeof body === 'string' ? body : JSON.stringify(body))
    })
    await new Promise<void>((resolve) => server.listen(socket, resolve))
  })
  afterAll(() => server.close())

  for (const { name, run } of teeBackendCompliance(async () => {
    answer = normal
    return dstackAgent({ collateral, socket })
  }))
    test(name, run)

  test('its sealing key is that of one path, in an app that is its compose file', async () => {
    expect(toHex(await dstackAgent({ collateral, socket }).sealingKey!())).toBe(KEY)
    expect(asked).toEqual([{ path: 'dcml/state/1', purpose: 'dcml/state/1' }])
  })

  test('an app that can be given another compose file has no sealing key, and none is asked for', async () => {
    for (const app_id of ['c1'.repeat(20), 'c0'.repeat(19), composeHash]) {
      info = { app_id, compose_hash: composeHash }
      const sealing = dstackAgent({ collateral, socket }).sealingKey!()
      await expect(sealing).rejects.toMatchObject({ code: 'sealing_unsupported' })
    }
    expect(asked).toEqual([])
  })

  test('a sealing key of another length, or no hex, is refused', async () => {
    for (const wrong of [KEY.slice(2), `${KEY}00`, 'xyz', '', undefined]) {
      key = { key: wrong }
      const sealing = dstackAgent({ collateral, socket }).sealingKey!()
      await expect(sealing).rejects.toMatchObject({ code: 'tee_answer_malformed' })
    }
  })

  test('its event log arrives in our form', async () => {
    answer = normal
    const { eventLog } = await dstackAgent({ collateral, socket }).quote(data(1))
    expect(JSON.parse(new TextDecoder().decode(eventLog))).toEqual([
      { imr: 0, event: '', digest: '11'.repeat(48), payload: '' },
      { imr: 3, event: 'compose-hash', digest: '22'.repeat(48), payload: 'q80' },
    ])
  })

  for (const [what, body, code] of [
    ['no quote', { quote: '' }, 'tee_answer_malformed'],
    ['no JSON', 'oops', 'tee_answer_malformed'],
    ['other report data', { quote: 'aa', report_data: 'bb' }, 'tee_answer_malformed'],
    ['a broken event log', { quote: 'aa', event_log: '[{}]' }, 'tee_answer_malformed'],
    ['an event log that is no JSON', { quote: 'aa', event_log: '[' }, 'tee_answer_malformed'],
  ] as const) {
    test(`an answer with ${what} is refused`, async () => {
      answer = () => ({ body })
      await expect(dstackAgent({ collateral, socket }).quote(data(1))).rejects.toMatchObject({ code })
    })
  }

  test('an agent that fails, or is not there, is unavailable', async () => {
    answer = () => ({ status: 500, body: { error: 'no' } })
    const failing = dstackAgent({ collateral, socket }).quote(data(1))
    await expect(failing).rejects.toMatchObject({ code: 'tee_unavailable', retryable: true, details: { status: 500 } })
    const absent = dstackAgent({ collateral, socket: join(folder, 'none.sock') }).quote(data(1))
    await expect(absent).rejects.toMatchObject({ code: 'tee_unavailable' })
  })
})

/** Intel's service (or a PCCS) as it answers for one platform. */
function intel(given: TdxCollateral, options: { pccs?: boolean; break?: string } = {}) {
  const asked: string[] = []
  const answer = (body: string | Buffer<ArrayBuffer>, header?: string, chain = ''): Response =>
    new Response(body, { headers: header ? { [header]: encodeURIComponent(chain) } : {} })
  const fetch = async (input: unknown): Promise<Response> => {
    const url = new URL(String(input))
    asked.push(url.pathname + url.search)
    const part = url.pathname.split('/').at(-1)
    if (options.break === part) return new Response('', { status: 404 })
    if (part === 'pckcrl')
      return answer(Buffer.from(given.pck_crl, 'hex'), 'SGX-PCK-CRL-Issuer-Chain', given.pck_crl_issuer_chain)
    if (part === 'IntelSGXRootCA.der') return answer(Buffer.from(given.root_ca_crl, 'hex'))
    if (part === 'rootcacrl') return answer(given.root_ca_crl.toUpperCase())
    if (part === 'tcb')
      return answer(
        `{"tcbInfo":${given.tcb_info},"signature":"${given.tcb_info_signature}"}`,
        options.pccs ? 'SGX-TCB-Info-Issuer-Chain' : 'TCB-Info-Issuer-Chain',
        given.tcb_info_issuer_chain,
      )
    return answer(
      `{"enclaveIdentity":${given.qe_identity},"signature":"${given.qe_identity_signature}"}`,
      'SGX-Enclave-Identity-Issuer-Chain',
      given.qe_identity_issuer_chain,
    )
  }
  return { fetch: fetch as typeof globalThis.fetch, asked }
}

describe('collateral', () => {
  test('is put together from Intel’s answers byte for byte', async () => {
    const given = simulator.collateral()
    const quote = mint(data(1))
    const { fmspc, ca } = pckIdentity(quote)
    for (const url of [undefined, 'https://pccs.example:8081']) {
      const service = intel(given, { pccs: url !== undefined })
      const source = collateralService({ fetch: service.fetch, ...(url && { url }) })
      expect(await source(quote)).toEqual(given)
      expect(service.asked.toSorted()).toEqual(
        [
          `/sgx/certification/v4/pckcrl?ca=${ca}&encoding=der`,
          url ? '/sgx/certification/v4/rootcacrl' : '/IntelSGXRootCA.der',
          '/tdx/certification/v4/qe/identity',
          `/tdx/certification/v4/tcb?fmspc=${fmspc}`,
        ].toSorted(),
      )
    }
  })

  test('of a real platform survives the way, and its quote still verifies', async (context) => {
    const quote = findVector('attestation/tdx/v4-uptodate-2025-06/quote.bin')
    const json = findVector('attestation/tdx/v4-uptodate-2025-06/collateral.json')
    if (quote === undefined || json === undefined) return context.skip()
    const given = JSON.parse(new TextDecoder().decode(json)) as TdxCollateral
    const assembled = await collateralService({ fetch: intel(given).fetch })(quote)
    expect(assembled).toEqual(given)
    const verdict = await verifyTdxQuote({ quote, collateral: assembled, now: new Date('2025-07-01') })
    expect(verdict.ok).toBe(true)
  })

  test('is asked for once in its time, and again after a failure', async () => {
    let now = 0
    let broken = true
    const service = intel(simulator.collateral())
    const source = collateralService({
      fetch: (input) => (broken ? Promise.reject(new Error('down')) : service.fetch(input)),
      clock: () => now,
      maxAgeMs: 1000,
    })
    const quote = mint(data(1))
    await expect(source(quote)).rejects.toMatchObject({ code: 'tee_collateral_unavailable', retryable: true })
    broken = false
    await source(quote)
    await Promise.all([source(quote), source(quote)])
    expect(service.asked).toHaveLength(4)
    now = 1001
    await source(quote)
    expect(service.asked).toHaveLength(8)
  })

  test('that is refused or incomplete is unavailable', async () => {
    for (const part of ['pckcrl', 'IntelSGXRootCA.der', 'tcb', 'identity'])
      await expect(
        collateralService({ fetch: intel(simulator.collateral(), { break: part }).fetch })(mint(data(1))),
      ).rejects.toMatchObject({ code: 'tee_collateral_unavailable' })
    const unsigned = { ...simulator.collateral(), tcb_info: '{"x":1}}' }
    await expect(collateralService({ fetch: intel(unsigned).fetch })(mint(data(1)))).rejects.toMatchObject({
      code: 'tee_collateral_unavailable',
    })
    await expect(collateralService({ fetch: intel(unsigned).fetch })(new Uint8Array(600))).rejects.toMatchObject({
      code: 'tee_quote_unreadable',
    })
  })

  test('comes from a file or from a folder by FMSPC, read anew each time', async () => {
    const quote = mint(data(1))
    const { fmspc } = pckIdentity(quote)
    const given = simulator.collateral()
    const file = join(folder, `${fmspc}.json`)
    await expect(collateralFile(folder)(quote)).rejects.toMatchObject({ code: 'tee_collateral_unavailable' })
    await writeFile(file, JSON.stringify({ ...given, tcb_info: undefined }))
    await expect(collateralFile(file)(quote)).rejects.toMatchObject({ message: expect.stringContaining('tcb_info') })
    await writeFile(file, JSON.stringify(given))
    expect(await collateralFile(folder)(quote)).toEqual(given)
    expect(await collateralFile(file)(quote)).toEqual(given)
  })
})
