// A page in a real Chromium talks to a runtime through its sealed channel, and somebody who holds every byte tries to
// change that.
import { join } from 'node:path'
import { imageH } from '@dcml/attestation'
import { encodeKeyGrant, fromBase64url, NO_CHAIN, toBase64url, toHex, utf8 } from '@dcml/protocol'
import { type Runtime, startRuntime } from '@dcml/runtime'
import { scriptedLoader } from '@dcml/runtime/testing'
import { createSimulator } from '@dcml/tee-simulator'
import pino from 'pino'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { bundleForBrowser, CHROMIUM, launchChromium, servePage } from './chromium.ts'
import { type Middle, type Mischief, startMiddle } from './man-in-the-middle.ts'
import type { Chat, PageUnderTest } from './page.ts'

const SECRET_PROMPT = 'the heron waits at the weir'
const WORDS = ['Herons', ' wait', ' and', ' weirs', ' hold', '.']
/** Too long for one record each, so that whoever stands between has some to play with. */
const LONG_WORDS = ['a', 'b', 'c', 'd'].map((letter) => letter.repeat(70_000))
const sk = new Uint8Array(32).fill(0x5c)
const modelH = new Uint8Array(32).fill(0xab)
const manifest = utf8(
  JSON.stringify({ v: 1, name: 'page', image: `sha256:${'0'.repeat(64)}`, command: [], env: {}, models: 'any' }),
)

declare global {
  var page: PageUnderTest
}

describe.skipIf(CHROMIUM === undefined)('a page in Chromium', () => {
  let browser: Browser
  let runtime: Runtime
  let middle: Middle
  let site: { origin: string; close(): Promise<void> }
  let rootPem: string
  let tab: Page
  const asked: string[] = []

  beforeAll(async () => {
    const simulator = await createSimulator()
    rootPem = simulator.rootPem
    site = await servePage(await bundleForBrowser(join(import.meta.dirname, 'page.ts')))
    runtime = await startRuntime({
      tee: simulator.createTee({ imageH: imageH(manifest) }),
      manifest,
      environment: 'development',
      loader: scriptedLoader((prompt) => {
        asked.push(prompt)
        if (prompt.includes('for ever')) return { tokens: endless() }
        return { tokens: prompt.includes('at length') ? LONG_WORDS : WORDS }
      }),
      source: async () => ({
        modelH,
        name: 'tale',
        size: 8,
        unlocks: async (key) => Buffer.from(key).equals(sk),
        open: async () => ({ files: [], close: async () => {} }),
      }),
      model: 'any',
      listen: { host: '127.0.0.1', port: 0 },
      admin: { host: '127.0.0.1', port: 0 },
      browser: { listen: { host: '127.0.0.1', port: 0 }, origins: [site.origin] },
      logger: pino({ level: 'silent' }),
    })
    middle = await startMiddle(`http://127.0.0.1:${runtime.browserAddress!.port}`)
    browser = await launchChromium()
    tab = await browser.newPage()
    await tab.goto(site.origin)
    await tab.waitForFunction(() => globalThis.page !== undefined)
    await seed()
  })
  afterAll(async () => {
    await browser?.close()
    await middle?.close()
    await runtime?.close()
    await site?.close()
  })
  beforeEach(async () => {
    middle.mischief = undefined
    asked.length = 0
    await connect()
  })

  const connect = (options: Partial<Parameters<PageUnderTest['connect']>[0]> = {}) =>
    tab.evaluate((given) => page.connect(given), {
      endpoint: middle.origin,
      rootPem,
      imageH: toHex(imageH(manifest)),
      ...options,
    })
  const chat = (prompt = SECRET_PROMPT): Promise<Chat> => tab.evaluate((text) => page.chat(text), prompt)

  /** The publisher brings the model's key, through the channel too. */
  async function seed(): Promise<void> {
    await connect()
    const grant = encodeKeyGrant(NO_CHAIN, modelH, { sk, keyEpoch: 0, ownerContract: '', provenance: null })
    const status = await tab.evaluate((text) => page.seed(text), toBase64url(grant))
    expect(status).toBe(200)
    while (runtime.state().phase !== 'ready') await new Promise((resolve) => setTimeout(resolve, 5))
  }

  test('chats: tokens stream, the receipt proves them, and nothing crosses in clear', async () => {
    expect(await chat()).toEqual({ text: WORDS.join(''), deltas: WORDS.length })
    expect(await tab.evaluate(() => page.receipts())).toEqual([true])
    expect(await tab.evaluate(() => page.checks())).toMatchObject({
      client_key: 'skipped',
      session_signature: 'pass',
      tls_spki: 'skipped',
    })
    expect(asked).toEqual([`user: ${SECRET_PROMPT}`])
    const crossed = middle.captured()
    for (const open of ['"evidence"', '/dcml/v1/channel/']) expect(crossed).toContain(open)
    for (const secret of [
      SECRET_PROMPT,
      'heron',
      'Herons',
      'weirs',
      '/v1/chat/completions',
      'messages',
      'text/event-stream',
    ])
      for (const form of [secret, Buffer.from(secret).toString('base64').replace(/=+$/, '')])
        expect(crossed, form).not.toContain(form)
  })

  test('chats over a session that the TEE quoted for it', async () => {
    await connect({ binding: 'session-quoted' })
    expect(await chat()).toMatchObject({ text: WORDS.join('') })
    expect(await tab.evaluate(() => page.checks())).toMatchObject({ client_key: 'pass', session_signature: 'skipped' })
    expect(await tab.evaluate(() => page.receipts())).toEqual([true])
  })

  test('leaves in the middle of an answer, which ends in the engine', async () => {
    expect(await tab.evaluate(() => page.leave('go on for ever'))).toBe('left')
    await vi.waitFor(() => expect(endlessEnded).toBe(1), { timeout: 30_000, interval: 5 })
    expect(await chat()).toMatchObject({ text: WORDS.join('') })
  })

  test('refuses an enclave that its policy does not accept, before anything of the prompt leaves', async () => {
    await connect({ imageH: '00'.repeat(32) })
    expect(await chat()).toMatchObject({ text: '', code: 'attestation_refused' })
    expect(asked).toEqual([])
  })

  /** Carries the opening of sessions, and does `act` to the requests inside. */
  const toRequests =
    (act: Mischief): Mischief =>
    (exchange, carry) =>
      exchange.isAttest ? carry() : act(exchange, carry)

  test.each<[string, string, Mischief]>([
    ['cuts the answer before its last record', 'channel_truncated', async (_, carry) => cut(await carry(), -1)],
    ['cuts the answer in the middle', 'channel_truncated', async (_, carry) => cut(await carry(), 4)],
    ['leaves out a record', 'channel_tampered', async (_, carry) => without(await carry(), 3)],
    ['lets nothing of the answer through', 'channel_truncated', async (_, carry) => cut(await carry(), 0)],
    [
      'swaps two records',
      'channel_tampered',
      async (_, carry) => {
        const { status, pieces } = await carry()
        return { status, pieces: pieces.with(3, pieces[4]!).with(4, pieces[3]!) }
      },
    ],
    [
      'repeats a record',
      'channel_tampered',
      async (_, carry) => {
        const { status, pieces } = await carry()
        return { status, pieces: pieces.toSpliced(3, 0, pieces[3]!) }
      },
    ],
    [
      'changes one bit of the answer',
      'channel_tampered',
      async (_, carry) => {
        const { status, pieces } = await carry()
        const changed = Buffer.from(pieces[3]!)
        changed[20]! ^= 1
        return { status, pieces: pieces.with(3, changed) }
      },
    ],
    [
      'says the end early',
      'channel_tampered',
      async (_, carry) => {
        const { status, pieces } = await carry()
        const last = Buffer.from(pieces[4]!)
        last[0]! |= 0x80
        return { status, pieces: [...pieces.slice(0, 4), last] }
      },
    ],
    [
      'changes one bit of the request',
      'channel_lost',
      async ({ body }, carry) => {
        const changed = Buffer.from(body)
        changed[60]! ^= 1
        return carry({ body: changed })
      },
    ],
    ['cuts the request', 'channel_lost', async ({ body }, carry) => carry({ body: body.subarray(0, -20) })],
    [
      'answers in the enclave’s place',
      'channel_lost',
      async () => ({ status: 402, pieces: [Buffer.from('{"error":{"message":"pay me"}}')] }),
    ],
  ])('is not deceived by a host that %s', async (_, code, act) => {
    middle.mischief = toRequests(act)
    const { text, code: told } = await chat('at length')
    expect(told).toBe(code)
    expect(LONG_WORDS.join('').startsWith(text)).toBe(true)
  })

  test('has each request count once, though a host sends it again', async () => {
    const statuses: number[] = []
    middle.mischief = toRequests(async (_, carry) => {
      const first = await carry()
      for (let i = 0; i < 3; i++) statuses.push((await carry()).status)
      return first
    })
    expect(await chat()).toMatchObject({ text: WORDS.join('') })
    expect(statuses).toEqual([409, 409, 409])
    expect(asked).toHaveLength(1)
  })

  test('is not answered by a replay of an earlier answer', async () => {
    let earlier: Awaited<ReturnType<Mischief>> | undefined
    middle.mischief = toRequests(async (_, carry) => {
      const now = await carry()
      earlier ??= now
      return earlier
    })
    expect(await chat()).toMatchObject({ text: WORDS.join('') })
    expect(await chat()).toMatchObject({ text: '', code: 'channel_tampered' })
  })

  test('notices a swapped key, of the enclave’s and of its own', async () => {
    middle.mischief = async ({ isAttest }, carry) => {
      const { status, pieces } = await carry()
      if (!isAttest) return { status, pieces }
      const answer = JSON.parse(Buffer.concat(pieces).toString()) as object
      const mine = toBase64url(crypto.getRandomValues(new Uint8Array(32)))
      return { status, pieces: [Buffer.from(JSON.stringify({ ...answer, hpkeKey: mine }))] }
    }
    expect(await chat()).toMatchObject({ code: 'attestation_refused', failed: 'session_signature' })

    middle.mischief = async ({ isAttest, body }, carry) => {
      if (!isAttest) return carry()
      const mine = toBase64url(crypto.getRandomValues(new Uint8Array(32)))
      return carry({ body: Buffer.from(JSON.stringify({ ...JSON.parse(body.toString()), clientKey: mine })) })
    }
    await connect()
    expect(await chat()).toMatchObject({ code: 'attestation_refused', failed: 'session_signature' })
    await connect({ binding: 'session-quoted' })
    expect(await chat()).toMatchObject({ code: 'attestation_refused', failed: 'client_key' })
    expect(asked).toEqual([])
  })

  test('gets nothing for a request that was led to another session', async () => {
    const paths: string[] = []
    middle.mischief = toRequests(({ path }, carry) => {
      paths.push(path)
      return carry({ path: paths[0]! })
    })
    expect(await chat()).toMatchObject({ text: WORDS.join('') })
    await connect()
    expect(await chat()).toMatchObject({ text: '', code: 'channel_lost' })
    expect(paths[0]).not.toBe(paths[1])
    expect(fromBase64url(paths[1]!.split('/').at(-1)!)).toHaveLength(16)
    expect(asked).toHaveLength(1)
  })
})

const cut = ({ status, pieces }: Awaited<ReturnType<Mischief>>, end: number) => ({
  status,
  pieces: pieces.slice(0, end),
})

const without = ({ status, pieces }: Awaited<ReturnType<Mischief>>, at: number) => ({
  status,
  pieces: pieces.toSpliced(at, 1),
})

let endlessEnded = 0
async function* endless(): AsyncGenerator<string> {
  try {
    for (;;) {
      yield 'more '
      await new Promise((resolve) => setTimeout(resolve, 5))
    }
  } finally {
    endlessEnded++
  }
}
