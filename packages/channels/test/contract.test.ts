// The machines against the contract itself on a chain: they read its events, and it takes their approvals.
import { formatApproval, type SignedApproval, signApproval, signReceipt, toHex } from '@dcml/protocol'
import { beforeAll, expect, test } from 'vitest'
import {
  EXPIRY_MS,
  eventsOf,
  HOST_PRICES,
  Key,
  modelH,
  modelWasm,
  NEAR,
  OWNER_PRICES,
  PERIOD_MS,
  World,
} from '../../../contracts/model/test/world.ts'
import {
  approved,
  beginRequest,
  closeArguments,
  decide,
  EnclaveLedger,
  observe,
  openPayer,
  pay,
  payerAmounts,
  readClosed,
  readOpened,
  receiptChannelId,
  settlePayer,
  startWatcher,
  stopPaying,
  takeApproval,
  takeReceipt,
} from '../src/index.ts'
import { memoryAntiRollback, memoryStateStore } from '../src/testing.ts'
import { bytes, eventOf, proven, tokens } from './world.ts'

let wasm: Uint8Array
beforeAll(async () => {
  wasm = await modelWasm()
})

const challenge = bytes(5)
const payerKey = new Key('payer')

/** A channel of ten NEAR, opened on the chain and taken up by the enclave. */
async function start() {
  const world = new World(wasm)
  world.host()
  const chain = { networkId: world.chain.settings.chainId, contract: world.model.accountId }
  const args = world.openArgs({ challenge: toHex(challenge), payer_key: payerKey.hex })
  const logged = (method: string, by = world.alice, given: object = {}, deposit = 0n) =>
    eventsOf(world.call(by, method, given, { deposit })).map(([event, data]) => proven(event, data, chain.contract))
  const [opening] = logged('open_channel', world.alice, args, 10n * NEAR + 15n * 10n ** 21n)
  const opened = readOpened(eventOf(opening!), chain)
  const now = Number(opened.terms.expiresAt / 1_000_000n) - EXPIRY_MS
  const ledger = await EnclaveLedger.open({
    identity: { chain, sessionKey: world.enclave.publicKey, modelH: opened.terms.modelH, host: world.bob.accountId },
    isNewSession: true,
    store: memoryStateStore(),
    antiRollback: memoryAntiRollback(),
    clock: () => now,
  })
  ledger.challenge(challenge)
  await ledger.establish(opening!, 0n)
  return { world, chain, logged, opening: opening!, opened, ledger, now }
}

const submit = (approval: SignedApproval): object => {
  const { challenge, signature, ...numbers } = closeArguments(formatApproval(approval))
  return { ...numbers, challenge: toHex(challenge), signature: Buffer.from(signature).toString('base64') }
}

test('open, pay, use, close: the contract settles what the enclave counted and the payer checked', async () => {
  const { world, chain, logged, opened, ledger, now } = await start()
  const requestH = bytes(6)
  const wanted = {
    ...opened.terms,
    maxPrices: {
      ownerInput: OWNER_PRICES.input,
      ownerOutput: OWNER_PRICES.output,
      hostInput: HOST_PRICES.input,
      hostOutput: HOST_PRICES.output,
    },
    deposit: 10n * NEAR,
  }
  expect(toHex(opened.terms.modelH)).toBe(modelH)
  let payer = beginRequest(openPayer(opened, wanted, { perRequestLimit: NEAR, step: NEAR / 100n }), requestH)
  const asked = await ledger.reserve(1n, 'a', tokens(100, 40))
  if (!('demand' in asked)) throw new Error('nothing was paid')
  const paid = await pay(payer, payerKey, asked.demand)
  await ledger.acceptVoucher(paid.signed)
  await ledger.reserve(1n, 'a', tokens(100, 40))
  ledger.deliver(1n, 'a', tokens(100, 40))
  const { delivered, spent, sequence } = await ledger.release(1n, 'a')
  const said = { promptTokens: 100, completionTokens: 40, channelId: receiptChannelId(1n), spent, sequence }
  const rest = { modelH: opened.terms.modelH, imageH: bytes(1), requestH, responseH: bytes(2), time: 0n }
  const receipt = await signReceipt(chain, { ...said, ...rest }, world.enclave)
  payer = stopPaying(await takeReceipt(paid.payer, receipt, { requestH, counted: delivered }), now)

  const approval = await signApproval(chain, await ledger.requestClosure(1n), world.enclave)
  payer = await takeApproval(payer, approval)
  const [closed] = logged('close', world.stranger, submit(approval))
  payer = settlePayer(payer, readClosed(eventOf(closed!), chain), now)
  expect(payerAmounts(payer)).toMatchObject({ spent, settled: spent, deposited: 10n * NEAR })
  expect(spent).toBe(700n * 10n ** 18n)
  expect(world.surplus()).toBe(0n)
  await ledger.forget(closed!)
})

test('a silent payer forces the closure: the watcher sees it, the enclave answers, the lock is safe', async () => {
  const { world, chain, logged, opening, ledger, now } = await start()
  const free = world.free()
  const [closing] = logged('start_close', world.alice, { channel_id: 1n }, 10n ** 21n)
  const place = (blockHeight: number) => ({ blockHeight, blockHash: 'b', receiptId: 'r' })
  const events = [
    { ...eventOf(opening), ...place(1) },
    { ...eventOf(closing!), ...place(2) },
  ]
  const times = { warnBeforeMs: PERIOD_MS / 2, urgentBeforeMs: PERIOD_MS / 4, retryMs: 1000, blindAfterMs: PERIOD_MS }
  let watcher = observe(startWatcher({ chain, ...times }, 0, now), { events, next: 3 }, now)
  expect(decide(watcher, now).tasks).toMatchObject([{ task: 'ask-enclave', closing: place(2) }])
  const approval = await signApproval(chain, await ledger.answerClosure(closing!), world.enclave)
  watcher = approved(watcher, 1n, formatApproval(approval))
  expect(decide(watcher, now).tasks).toMatchObject([{ task: 'submit-answer', approval: formatApproval(approval) }])
  const [closed] = logged('answer_close', world.stranger, submit(approval))
  expect(readClosed(eventOf(closed!), chain)).toMatchObject({ settled: 0n, forfeited: false })
  expect(world.free()).toBe(free + 10n * NEAR)
  watcher = observe(watcher, { events: [{ ...eventOf(closed!), ...place(3) }], next: 4 }, now)
  expect(watcher.channels.size).toBe(0)
})

test('a silent host forfeits, and both sides read it so', async () => {
  const { world, chain, logged, ledger } = await start()
  logged('start_close', world.alice, { channel_id: 1n }, 10n ** 21n)
  world.afterPeriod()
  const [end] = logged('finish_close', world.stranger, { channel_id: 1n })
  expect(readClosed(eventOf(end!), chain)).toMatchObject({ channelId: 1n, settled: 0n, forfeited: true })
  await ledger.forget(end!)
  expect(() => ledger.amounts(1n)).toThrow('not open here')
})
