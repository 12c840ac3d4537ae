// A paid enclave behind its host's node: money over relays, and closures that a host answers for with its lock (§6.2).
import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Attested } from '@dcml/attestation'
import { type Bundle, formatWire, PAYMENT_CALLS } from '@dcml/channels'
import type { Near } from '@dcml/near'
import { fetchOpening, model, openingProver } from '@dcml/near/model'
import {
  DcmlError,
  formatClosureRequest,
  formatVoucher,
  parseApproval,
  type SignedApproval,
  signClosureRequest,
  signVoucher,
  utf8,
  verifyApproval,
} from '@dcml/protocol'
import { formatChannelClosing } from '@dcml/protocol/por'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { type PorHandler, type RuntimeHandlersOptions, runtimeHandlers } from '../src/index.ts'
import { Heads } from '../src/payment/heads.ts'
import type { Script } from '../src/testing.ts'
import { counting } from './harness.ts'
import {
  costOf,
  errorOf,
  NEAR,
  namedKey,
  nearAccount,
  type PaidChannel,
  type PaidRuntime,
  type PaidScene,
  servePaid,
  startScene,
} from './paid.ts'
import { about, askSealed, attest, chatOf } from './por.ts'

let runs = 0
const script: Script = (...asked) => {
  runs++
  return counting(...asked)
}

let scene: PaidScene
let paid: PaidRuntime
let attested: Attested
let handlers: Record<string, PorHandler>
/** Openings that were looked for on chain. */
let proven: bigint[] = []
const proveOpening: NonNullable<RuntimeHandlersOptions['proveOpening']> = async (opening, from, signal) => {
  proven.push(opening.channelId)
  const mining = setInterval(() => scene.chain.mine(1), 20)
  try {
    return await fetchOpening(scene.near, { ...opening, from, signal })
  } finally {
    clearInterval(mining)
  }
}

beforeAll(async () => {
  scene = await startScene()
  paid = await servePaid(scene, { script })
  attested = await attest(paid.runtime, paid.fetch)
  handlers = runtimeHandlers({ runtime: paid.runtime.url, proveOpening })
})
afterAll(async () => {
  await paid[Symbol.asyncDispose]()
  await scene.stop()
})

const code = (json: unknown): string => (json as { error: { code: string } }).error.code
const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes)

async function closing({ terms, key }: Pick<PaidChannel, 'terms' | 'key'>): Promise<Uint8Array> {
  const seed = (await paid.wallet.seed(terms.channelId)) ?? new Uint8Array(32)
  return formatChannelClosing({ seed, closure: await signClosureRequest(terms.chain, terms, key) })
}
/** The approval in an answer. @throws where there is none that the contract would take */
async function approvalIn(answer: Awaited<ReturnType<PorHandler>>, { terms }: PaidChannel): Promise<SignedApproval> {
  expect([answer.status, text(answer.payload)]).toEqual([0, expect.stringMatching(/^[\w-]+$/)])
  expect(answer.payload.length).toBeLessThan(512)
  const approval = parseApproval(text(answer.payload))
  await verifyApproval(approval, terms)
  return approval
}
const close = (payload: Uint8Array, by = handlers) => by['dcml/close-channel']!(payload, about)

test('a sealed chat costs what it costs over TLS, and once however often relays send it', async () => {
  const channel = await paid.open()
  const allowed = costOf(1000, 1000)
  const voucher = await channel.voucher(allowed)
  const overTls = await paid.fetch(`${paid.runtime.url}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'dcml-voucher': voucher },
    body: chatOf('count to 9', { max_tokens: 20 }).body,
  })
  const { usage } = (await overTls.json()) as { usage: { prompt_tokens: number } }
  const once = costOf(usage.prompt_tokens, 9)

  const before = runs
  const ask = { ...chatOf('count to 9', { max_tokens: 20 }), voucher, allowance: allowed }
  const { json, payload } = await askSealed(handlers, attested, ask)
  expect(json).toMatchObject({ usage: { ...usage, completion_tokens: 9 } })
  for (let times = 0; times < 3; times++) await handlers['dcml/sealed']!(payload, about)
  expect(runs - before).toBe(1)
  const { approval } = await approvalIn(await close(await closing(channel)), channel)
  expect(approval.spent).toBe(2n * once)
})

test('there is no way around payment', async () => {
  const channel = await paid.open()
  const before = runs
  const ask = chatOf('count to 9', { max_tokens: 20 })
  const nothing = await askSealed(handlers, attested, ask)
  expect([nothing.answer.status, code(nothing.json)]).toEqual([402, 'payment_required'])
  const voucher = await channel.voucher(1n)
  const little = await askSealed(handlers, attested, { ...ask, voucher })
  expect([little.answer.status, code(little.json)]).toEqual([402, 'payment_required'])
  const limited = await askSealed(handlers, attested, { ...ask, voucher: await channel.voucher(NEAR), allowance: 5n })
  expect([limited.answer.status, code(limited.json)]).toEqual([402, 'payment_required'])
  const { chain, channelId } = channel.terms
  const forged = await signVoucher(chain, { channelId, authorised: NEAR }, namedKey('mallory'))
  const stolen = await askSealed(handlers, attested, { ...ask, voucher: formatVoucher(forged) })
  expect([stolen.answer.status, code(stolen.json)]).toEqual([403, 'voucher_foreign'])
  expect(runs - before).toBeLessThanOrEqual(2)
  const { approval } = await approvalIn(await close(await closing(channel)), channel)
  expect(approval.spent).toBe(0n)
})

test('a request to close may also be sealed, and its answer is the same approval', async () => {
  const channel = await paid.open()
  const request = formatClosureRequest(await signClosureRequest(channel.terms.chain, channel.terms, channel.key))
  const { json } = await askSealed(handlers, attested, { kind: 'close-channel', request })
  expect(text((await close(await closing(channel))).payload)).toBe(json.approval)
})

test('asked again, before and during a forced closure, the enclave says the same', async () => {
  const channel = await paid.open()
  await (await paid.complete(channel, costOf(500, 500), { model: 'tale', prompt: 'count to 3', max_tokens: 5 })).text()
  const payload = await closing(channel)
  const answers = [await close(payload), await close(payload)]
  await paid.wallet.startClose(channel.terms.channelId)
  answers.push(await close(payload))
  const approvals = await Promise.all(answers.map((answer) => approvalIn(answer, channel)))
  expect(approvals[0]!.approval.spent).toBeGreaterThan(0n)
  for (const approval of approvals) expect(approval).toEqual(approvals[0])
})

test('a channel that the enclave was never shown is proven to it, and approved at zero', async () => {
  const channel = await paid.open({ establish: false })
  scene.chain.mine(30)
  proven = []
  const { approval } = await approvalIn(await close(await closing(channel)), channel)
  expect(approval.spent).toBe(0n)
  expect(proven).toEqual([channel.terms.channelId])
  await approvalIn(await close(await closing(channel)), channel)
  expect(proven).toHaveLength(1)
})

/** As it is when nodes have dropped all blocks so far. */
function forgetful(): Near {
  const { near, chain } = scene
  const oldest = chain.head.header.height
  return {
    ...near,
    async request(method, params, options) {
      const { block_id } = params as { block_id?: number }
      if (block_id !== undefined && block_id < oldest)
        throw new DcmlError('near_block_unknown', 'Dropped.', { hint: 'Ask an archival node.' })
      return near.request(method, params, options)
    },
  }
}

test('a channel whose opening no node has any more is told again, proven to the enclave, and approved at zero', async () => {
  const channel = await paid.open({ establish: false })
  await paid.wallet.topUp(channel.terms.channelId, NEAR)
  scene.chain.mine(30)
  const prove = openingProver({ near: forgetful(), account: nearAccount(scene.bob) })
  scene.chain.mine(10)
  const late = runtimeHandlers({
    runtime: paid.runtime.url,
    async proveOpening(opening, from, signal) {
      const mining = setInterval(() => scene.chain.mine(1), 20)
      try {
        const found = await prove({ ...opening, from, signal })
        expect(found!.proof).toHaveProperty('transaction')
        return found
      } finally {
        clearInterval(mining)
      }
    },
  })
  const { approval } = await approvalIn(await close(await closing(channel), late), channel)
  expect(approval.spent).toBe(0n)
  // and is not taken up afterwards, though its opening is young and its challenge was never used
  expect((await errorOf(await paid.call(PAYMENT_CALLS.establish, formatWire(channel.bundle)))).code).toBe(
    'channel_ended',
  )
})

/** What proves that a channel was told again. */
async function toldOf({ terms }: PaidChannel): Promise<Bundle> {
  const account = nearAccount(scene.alice)
  const told = await model(scene.near, scene.contract).tell_channel({ channel_id: terms.channelId }, { account })
  scene.chain.mine(4)
  return (await paid.wallet.prove(told, await paid.head())) as Bundle
}

test('a channel told again is not taken up, answers for no other channel, and makes no used one free', async () => {
  const [unused, other, used] = [
    await paid.open({ establish: false }),
    await paid.open({ establish: false }),
    await paid.open(),
  ]
  const refused = async (path: string, body: unknown) => (await errorOf(await paid.call(path, body))).code
  expect(await refused(PAYMENT_CALLS.establish, formatWire(await toldOf(unused)))).toBe('event_event')
  expect(await refused(PAYMENT_CALLS.topUp, formatWire(await toldOf(used)))).toBe('event_event')
  const asking = async ({ terms, key }: PaidChannel, opening: Bundle, by = key) => {
    const request = formatClosureRequest(await signClosureRequest(terms.chain, terms, by))
    return paid.call(PAYMENT_CALLS.requestClosure, formatWire({ request, opening }))
  }
  expect((await errorOf(await asking(unused, await toldOf(other)))).code).toBe('closure_request_foreign')
  // any stranger can have a channel told
  expect((await errorOf(await asking(unused, await toldOf(unused), namedKey('mallory')))).code).toMatch(
    /^closure_request_(foreign|forged)$/,
  )
  await (await paid.complete(used, costOf(500, 500), { model: 'tale', prompt: 'count to 3', max_tokens: 5 })).text()
  const spentOn = async (channel: PaidChannel): Promise<bigint> => {
    const { approval } = (await (await asking(channel, await toldOf(channel))).json()) as { approval: string }
    return parseApproval(approval).approval.spent
  }
  expect(await spentOn(used)).toBeGreaterThan(0n)
  expect(await spentOn(unused)).toBe(0n)
})

test('without a way to prove it, the host says that its enclave knows no such channel', async () => {
  const channel = await paid.open({ establish: false })
  const alone = runtimeHandlers({ runtime: paid.runtime.url })
  expect(await close(await closing(channel), alone)).toEqual({ status: 2, payload: utf8('{"code":"channel_unknown"}') })
})

test('what asks for nothing that could be held against the host is refused, and costs it no look at the chain', async () => {
  const channel = await paid.open()
  proven = []
  const mallory = { terms: channel.terms, key: namedKey('mallory') }
  const elsewhere = { ...channel.terms, chain: { ...channel.terms.chain, contract: 'mallory.near' }, channelId: 99n }
  const refused = async (payload: Uint8Array): Promise<string> => {
    const answer = await close(payload)
    expect(answer.status).toBe(2)
    return JSON.parse(text(answer.payload)).code
  }
  expect(await refused(utf8('close it, please'))).toBe('channel_closing_malformed')
  expect(await refused(new Uint8Array())).toBe('channel_closing_malformed')
  expect(await refused(new Uint8Array(65_536).fill(0x41))).toBe('channel_closing_malformed')
  expect(await refused(await closing(mallory))).toMatch(/^closure_request_(foreign|forged)$/)
  expect(await refused(await closing({ ...channel, terms: elsewhere }))).toBe('closure_request_foreign')
  expect(proven).toEqual([])
  // one that is yet to be opened: the seed keeps it from being held against the host
  expect(await refused(await closing({ ...channel, terms: { ...channel.terms, channelId: 99n } }))).toBe(
    'channel_unknown',
  )
  expect(proven).toEqual([99n])
  expect((await approvalIn(await close(await closing(channel)), channel)).approval.spent).toBe(0n)
})

/** Something that stands where the runtime should. */
async function impostor(listener: RequestListener): Promise<AsyncDisposable & { readonly url: string }> {
  const server = createServer(listener).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

test('a request to close waits for an enclave that starts; a sealed one hears at once', async () => {
  const channel = await paid.open()
  let asked = 0
  await using front = await impostor(async (incoming, outgoing) => {
    const body = (await Array.fromAsync(incoming)).join('')
    const path = incoming.url!
    if (++asked <= 2) return void outgoing.writeHead(asked === 1 ? 503 : 200).end(asked === 1 ? draining : 'starting')
    const answer = await paid.call(path, body)
    outgoing.writeHead(answer.status).end(await answer.text())
  })
  const faults: string[] = []
  const onFault = (fault: Error & { readonly code: string }) => void faults.push(fault.code)
  const patient = runtimeHandlers({ runtime: front.url, proveOpening, onFault })
  await approvalIn(await close(await closing(channel), patient), channel)
  expect(faults).toEqual(['draining', 'enclave_answer_invalid'])
  asked = 0
  const sealed = async () => JSON.parse(text((await patient['dcml/sealed']!(new Uint8Array(1024), about)).payload)).code
  expect([await sealed(), await sealed(), await sealed()]).toEqual([
    'draining',
    'enclave_answer_invalid',
    'sealed_unreadable',
  ])
})
const draining = JSON.stringify({ error: { code: 'draining', message: 'Stopping.', retryable: true } })

test('an enclave that is full or unsure is asked again, and no excuse is signed', async () => {
  const channel = await paid.open()
  const excuses = ['channels_full', 'channel_state_unsure', 'por_app_unknown', 'overloaded']
  const wanted = [...excuses]
  await using front = await impostor(async (incoming, outgoing) => {
    const body = (await Array.fromAsync(incoming)).join('')
    const code = excuses.shift()
    if (code === 'por_app_unknown') {
      const payload = Buffer.from(JSON.stringify({ code })).toString('base64url')
      return void outgoing.end(JSON.stringify({ status: 2, payload }))
    }
    if (code !== undefined) return void outgoing.writeHead(503).end(JSON.stringify({ error: { code } }))
    outgoing.end(await (await paid.call(incoming.url!, body)).text())
  })
  const faults: string[] = []
  const onFault = (fault: Error & { readonly code: string }) => void faults.push(fault.code)
  await approvalIn(await close(await closing(channel), runtimeHandlers({ runtime: front.url, onFault })), channel)
  expect(faults).toEqual(wanted)
})

test('strangers who keep the light client busy do not keep a host from answering for its lock', async () => {
  const channel = await paid.open({ establish: false })
  const { follow } = Heads.prototype
  const spy = vi.spyOn(Heads.prototype, 'follow').mockImplementation(function (this: Heads, bundle, by) {
    if (by === 'host') return follow.call(this, bundle, by)
    throw new DcmlError('light_client_busy', 'Full.', { hint: '', retryable: true })
  })
  try {
    const onPort = (runtime: string) => runtimeHandlers({ runtime, proveOpening, patienceMs: 1000 })
    const answer = await close(await closing(channel), onPort(paid.runtime.url))
    expect(text(answer.payload)).toBe('{"code":"light_client_busy"}')
    const { approval } = await approvalIn(await close(await closing(channel), onPort(paid.runtime.adminUrl)), channel)
    expect(approval.spent).toBe(0n)
  } finally {
    spy.mockRestore()
  }
})

test('a stranger’s question about no channel cuts no edge while the chain cannot be asked', async () => {
  const channel = await paid.open({ establish: false })
  let [looks, now] = [0, 0]
  const unreachable = async () => {
    looks++
    throw new DcmlError('near_unreachable', 'Gone.', { hint: '', retryable: true })
  }
  const clock = vi.spyOn(performance, 'now').mockImplementation(() => (now += 10_000))
  try {
    const answer = await close(
      await closing(channel),
      runtimeHandlers({ runtime: paid.runtime.adminUrl, proveOpening: unreachable }),
    )
    expect(text(answer.payload)).toBe('{"code":"near_unreachable"}')
    // after the two minutes of service, in which the neighbour waits, and not after the ten for an enclave that is away
    expect(looks).toBeGreaterThan(1)
    expect(now).toBeLessThan(300_000)
  } finally {
    clock.mockRestore()
  }
})

test('what is sealed is answered once, whichever port it comes by', async () => {
  const channel = await paid.open()
  const before = runs
  const ask = { ...chatOf('count to 3', { max_tokens: 9 }), voucher: await channel.voucher(NEAR), allowance: NEAR }
  const { payload } = await askSealed(handlers, attested, ask)
  await runtimeHandlers({ runtime: paid.runtime.adminUrl })['dcml/sealed']!(payload, about)
  expect(runs - before).toBe(1)
})

test('nobody is paid for the host’s lateness by leaving its enclave no time', async () => {
  await using slow = await impostor(() => {})
  const { 'dcml/sealed': sealed, 'dcml/close-channel': closed } = runtimeHandlers({ runtime: slow.url })
  const channel = await paid.open()
  const short = { status: 2, payload: utf8('{"code":"por_service_short"}') }
  // the contract holds no answer against the host that had less than the two minutes
  expect(await closed!(await closing(channel), { ...about, service: 119_999 })).toEqual(short)
  const narrow = { status: 2, payload: utf8('{"code":"por_response_short"}') }
  expect(await closed!(await closing(channel), { ...about, maxResponse: 511 })).toEqual(narrow)
  expect(await sealed!(new Uint8Array(1024), { ...about, service: 50 })).toEqual(short)
})

test('patience has an end, and an enclave that is not there is told by name', async () => {
  const gone = await impostor(() => {})
  await gone[Symbol.asyncDispose]()
  const faults: string[] = []
  const onFault = (fault: Error & { readonly code: string }) => void faults.push(fault.code)
  const [channel, brief] = [await paid.open(), runtimeHandlers({ runtime: gone.url, patienceMs: 600, onFault })]
  const answer = { status: 2, payload: utf8('{"code":"enclave_unreachable"}') }
  expect(await close(await closing(channel), brief)).toEqual(answer)
  expect(faults).toEqual(['enclave_unreachable'])
  expect(await brief['dcml/sealed']!(new Uint8Array(1024), about)).toEqual(answer)
})

test('a node that closes says nothing, and signs nothing', async () => {
  await using silent = await impostor((_, outgoing) => void outgoing.writeHead(503).end(draining))
  const stop = new AbortController()
  const waits = runtimeHandlers({ runtime: silent.url, onFault: () => stop.abort() })
  const channel = await paid.open()
  const answer = waits['dcml/close-channel']!(await closing(channel), { ...about, signal: stop.signal })
  const aborted = once(stop.signal, 'abort').then(() => new Promise((resolve) => setTimeout(resolve, 300, 'nothing')))
  expect(await Promise.race([answer, aborted])).toBe('nothing')
})

test('the log tells of requests, and nothing that was said', async () => {
  await askSealed(handlers, attested, chatOf('my secret number is 4'))
  const log = paid.runtime.log()
  expect(log).toContain('"app":"dcml/sealed"')
  expect(log).toContain('"code":"channel_unknown"')
  expect(log).toContain('03'.repeat(32))
  expect(log).not.toMatch(/secret|dcml-voucher/)
})
