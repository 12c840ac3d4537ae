// dstack's guest agent, of 0.5 and of 0.3, against a stand-in at a unix socket.
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, type IncomingMessage, type Server } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { development, imageH as imageHashOf, parseEvidence, verifyEvidence } from '@dcml/attestation'
import { createEnclave } from '@dcml/attestation/node'
import { fromHex, toHex, utf8 } from '@dcml/protocol'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { collateralSource, dstackAgent } from '../src/index.ts'
import { teeBackendCompliance } from '../src/testing.ts'
import { dstackBoot } from './dstack-machine.ts'
import { simulator } from './harness.ts'

const imageH = new Uint8Array(32).fill(3)
const mint = (reportData: Uint8Array): Uint8Array => simulator.mintQuote({ reportData, imageH })
const collateral = collateralSource('simulator', async () => simulator.collateral())
const data = (seed: number): Uint8Array => new Uint8Array(64).fill(seed)

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dcml-dstack-'))
})
afterAll(() => rm(folder, { recursive: true }))

describe('dstack', () => {
  let server: Server
  let socket: string
  let answer: (reportData: string) => { status?: number; body: unknown }
  const normal = (reportData: string) => ({
    body: {
      quote: toHex(mint(fromHex(reportData))),
      event_log: '[]',
      report_data: reportData,
      vm_config: '{}',
    },
  })
  const KEY = toHex(Uint8Array.from({ length: 32 }, (_, i) => i * 7))
  const compose = '{"manifest_version":2,"name":"tale","key_provider":"kms","key_provider_id":"ab12"}'
  const composeHash = toHex(imageHashOf(utf8(compose)))
  const infoOf = (app_compose: string, app_id?: string) => {
    const compose_hash = toHex(imageHashOf(utf8(app_compose)))
    const tcb_info = JSON.stringify({ app_compose, compose_hash })
    return { app_id: app_id ?? compose_hash.slice(0, 40), compose_hash, instance_id: 'ab'.repeat(20), tcb_info }
  }
  let info: object
  let key: object
  let asked: { path?: string; purpose?: string; hash_algorithm?: string }[] = []
  beforeEach(() => {
    answer = normal
    info = infoOf(compose)
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
        '/prpc/Tappd.Info?json': () => ({ body: info }),
        '/prpc/Tappd.TdxQuote?json': () => {
          asked.push(json)
          return answer(json.report_data)
        },
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
    for (const app_id of ['c1'.repeat(20), composeHash.slice(0, 38), composeHash]) {
      info = infoOf(compose, app_id)
      const sealing = dstackAgent({ collateral, socket }).sealingKey!()
      await expect(sealing).rejects.toMatchObject({ code: 'sealing_unsupported' })
    }
    expect(asked).toEqual([])
  })

  test('an app whose host chooses the key provider has no sealing key, and none is asked for', async () => {
    for (const unpinned of [
      compose.replace('ab12', ''),
      compose.replace('ab12', 'x'),
      compose.replace('"ab12"', 'null'),
      '{"manifest_version":2,"kms_enabled":true}',
    ]) {
      info = infoOf(unpinned)
      const sealing = dstackAgent({ collateral, socket }).sealingKey!()
      await expect(sealing).rejects.toMatchObject({ code: 'sealing_unsupported' })
    }
    info = { ...infoOf(compose.replace('ab12', '')), tcb_info: infoOf(compose).tcb_info }
    await expect(dstackAgent({ collateral, socket }).sealingKey!()).rejects.toMatchObject({
      code: 'tee_answer_malformed',
    })
    expect(asked).toEqual([])
  })

  test('a sealing key of another length, or no hex, is refused', async () => {
    for (const wrong of [KEY.slice(2), `${KEY}00`, 'xyz', '', undefined]) {
      key = { key: wrong }
      const sealing = dstackAgent({ collateral, socket }).sealingKey!()
      await expect(sealing).rejects.toMatchObject({ code: 'tee_answer_malformed' })
    }
  })

  test('evidence of a whole boot verifies: app-compose text as manifest, the log as the agent wrote it', async () => {
    const app_compose = '{"manifest_version": 2, "name": "tale", "runner": "docker-compose"}'
    const hash = imageHashOf(utf8(app_compose))
    const boot = dstackBoot(hash)
    answer = (reportData) => ({
      body: {
        quote: toHex(simulator.mintQuote({ reportData: fromHex(reportData), imageH: hash, rtmrs: boot.rtmrs })),
        event_log: boot.log,
      },
    })
    const compose_hash = toHex(hash)
    info = { app_id: compose_hash.slice(0, 40), compose_hash, tcb_info: JSON.stringify({ app_compose, compose_hash }) }
    const tee = dstackAgent({ collateral, socket })
    const enclave = await createEnclave({ tee, manifest: await tee.manifest() })
    const nonce = data(6).subarray(0, 32)
    const evidence = await enclave.quote({ purpose: 'session', nonce, tlsSpki: enclave.tlsSpki })
    const policy = development({ imageH: [compose_hash], binding: 'key' })
    const expect_ = { purpose: 'session', nonce, tlsSpki: enclave.tlsSpki } as const
    const { ok, checks } = await verifyEvidence({
      evidence,
      policy,
      roots: [simulator.rootPem],
      now: new Date(),
      expect: expect_,
    })
    expect(checks.filter(({ status }) => status === 'fail')).toEqual([])
    expect(ok).toBe(true)
    expect(parseEvidence(evidence).cpu).toMatchObject({ eventLog: utf8(boot.log) })
  })

  test('its manifest is the app-compose text that was measured, byte for byte', async () => {
    const app_compose = '{ "manifest_version": 2,\n  "name": "tale", "runner": "docker-compose" }\n'
    const compose_hash = toHex(imageHashOf(utf8(app_compose)))
    const tell = (tcb_info: object) => {
      info = { app_id: 'c0'.repeat(20), compose_hash, tcb_info: JSON.stringify(tcb_info) }
      return dstackAgent({ collateral, socket }).manifest()
    }
    expect(new TextDecoder().decode(await tell({ app_compose, compose_hash }))).toBe(app_compose)
    expect(new TextDecoder().decode(await tell({ app_compose }))).toBe(app_compose)
    for (const wrong of [{ app_compose: `${app_compose} `, compose_hash }, { compose_hash }, { app_compose: '' }])
      await expect(tell(wrong)).rejects.toMatchObject({ code: 'tee_answer_malformed' })
    info = { app_id: 'c0'.repeat(20), compose_hash, tcb_info: '' }
    await expect(dstackAgent({ collateral, socket }).manifest()).rejects.toMatchObject({ code: 'tee_answer_malformed' })
  })

  test('the agent of 0.3 is asked for raw report data at its own paths, and has no sealing key', async () => {
    answer = normal
    const tappd = dstackAgent({ collateral, socket, agent: 'tappd-0.3' })
    expect((await tappd.quote(data(4))).tee).toBe('tdx')
    expect(asked).toMatchObject([{ hash_algorithm: 'raw', report_data: toHex(data(4)) }])
    info = { app_id: 'c0'.repeat(20), tcb_info: JSON.stringify({ app_compose: '{}' }) }
    expect(new TextDecoder().decode(await tappd.manifest())).toBe('{}')
    expect(tappd.sealingKey).toBeUndefined()
  })

  for (const [what, body, code] of [
    ['no quote', { quote: '' }, 'tee_answer_malformed'],
    ['no JSON', 'oops', 'tee_answer_malformed'],
    ['other report data', { quote: toHex(mint(data(7))) }, 'tee_answer_malformed'],
    ['a quote of another TEE', { quote: '', attestation: 'aa' }, 'tee_answer_malformed'],
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
