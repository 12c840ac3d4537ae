import { EnclaveLedger, type ProvenFact, STANDARD } from '@dcml/channels'
import { memoryAntiRollback, memoryStateStore } from '@dcml/channels/testing'
import { type DcmlError, type Prices, sharesOf, signVoucher, toHex } from '@dcml/protocol'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { namedKey } from '../../test/paid.ts'
import { Allowances } from './allowances.ts'
import { Changes } from './changes.ts'
import { StreamTab } from './stream-tab.ts'

const chain = { networkId: 'testnet', contract: 'model.testnet' }
const [session, payer] = [namedKey('session'), namedKey('payer')]
const modelH = new Uint8Array(32).fill(1)
const challenge = new Uint8Array(32).fill(2)
const prices: Prices = { ownerInput: 2n, ownerOutput: 7n, hostInput: 1n, hostOutput: 3n }
const cost = (promptTokens: number, completionTokens: number) =>
  sharesOf(prices, { promptTokens: BigInt(promptTokens), completionTokens: BigInt(completionTokens) }).spent

/** As the light client would return it. */
const opening = {
  contractId: chain.contract,
  event: {
    standard: STANDARD,
    version: '1.0.0',
    event: 'channel_opened',
    data: {
      channel_id: '1',
      payer: 'alice.testnet',
      provider: 'bob.testnet',
      challenge: toHex(challenge),
      session_key: toHex(session.publicKey),
      payer_key: toHex(payer.publicKey),
      deposited: '1000000',
      prices: { owner_input: '2', owner_output: '7', host_input: '1', host_output: '3' },
      model_h: toHex(modelH),
      key_epoch: '0',
      expires_at: '9000000000000000000',
    },
  },
} as unknown as ProvenFact

/** A channel in the enclave, whose device may take its time. */
async function start({ slow = false } = {}) {
  const device = memoryAntiRollback()
  let writes = 0
  const ledger = await EnclaveLedger.open({
    identity: { chain, sessionKey: session.publicKey, modelH, host: 'bob.testnet' },
    isNewSession: true,
    store: memoryStateStore(),
    antiRollback: {
      read: () => device.read(),
      async advance(next) {
        writes++
        if (slow) await new Promise((resolve) => setImmediate(resolve))
        await device.advance(next)
      },
    },
    clock: () => 0,
  })
  ledger.challenge(challenge)
  await ledger.establish(opening, 0n)
  const [changes, allowances] = [new Changes(), new Allowances()]
  const pay = async (authorised: bigint) => {
    await ledger.acceptVoucher(await signVoucher(chain, { channelId: 1n, authorised }, payer))
    changes.notify(1n)
  }
  let pauses = 0
  const demands: bigint[] = []
  const tabOf = (requestId: string, options: Partial<ConstructorParameters<typeof StreamTab>[1]> = {}) =>
    new StreamTab(
      {
        ...{ ledger, changes, allowances, channelId: 1n, requestId },
        observer: { voucher() {}, spent() {}, pause: () => pauses++ },
      },
      {
        step: 8,
        patienceMs: 60_000,
        graceMs: 60_000,
        crowded: () => false,
        maxTokens: undefined,
        signal: new AbortController().signal,
        announce: ({ required }) => demands.push(required),
        ...options,
      },
    )
  return { ledger, pay, tabOf, demands, allowances, changes, pauses: () => pauses, writes: () => writes }
}

test('whatever is paid in whatever steps, text goes out counted, is never ahead of the vouchers, and adds up', async () => {
  const request = fc.record({
    prompt: fc.nat(20),
    pieces: fc.array(fc.integer({ min: 0, max: 20 }), { maxLength: 25 }),
    // tokens that no delta carries
    held: fc.nat(5),
  })
  await fc.assert(
    fc.asyncProperty(
      fc.array(request, { minLength: 1, maxLength: 4 }),
      fc.nat(90),
      fc.boolean(),
      async (requests, extra, slow) => {
        const { ledger, pay, tabOf } = await start({ slow })
        let [sent, authorised] = [0n, 0n]
        // as much as the payer likes, but at least what is required
        const payFor = async (required: bigint) => {
          if (required > authorised) authorised = required + BigInt(extra)
          await pay(authorised)
        }
        const run = async ({ prompt, pieces, held }: (typeof requests)[number], id: number) => {
          const announce = ({ required }: { required: bigint }) => void setImmediate(() => void payFor(required))
          const tab = tabOf(String(id), { announce })
          // a 402 is answered by paying and asking again
          for (let refused = true; refused; )
            try {
              tab.open()
              await tab.start(prompt, undefined)
              refused = false
            } catch (error) {
              const { code, details } = error as DcmlError
              expect(code).toBe('payment_required')
              await payFor(BigInt(details.required as string))
            }
          let [total, before] = [0, cost(prompt, 0)]
          for (const piece of pieces) {
            total += piece
            await tab.cover(total)
            tab.count(total)
            sent += before + cost(0, piece)
            before = 0n
            const { spent, authorised: best } = ledger.amounts(1n)
            // exactly what was written, by this and by the other requests
            expect(spent).toBe(sent)
            expect(spent <= best).toBe(true)
          }
          total += held
          await tab.cover(total)
          tab.count(total)
          sent += before + cost(0, held)
          const { delivered } = await tab.end({ promptTokens: prompt, completionTokens: total })
          expect(delivered).toEqual({ promptTokens: BigInt(prompt), completionTokens: BigInt(total) })
          await tab.drop(false)
        }
        await Promise.all(requests.map(run))
        expect(ledger.amounts(1n).spent).toBe(sent)
        // nothing is promised to anybody any more
        expect(ledger.demandFor(1n, { promptTokens: 0n, completionTokens: 100_000n })?.reserved).toBe(0n)
      },
    ),
    { numRuns: 30 },
  )
})

test('a stream that is paid ahead is written for once in half a step, and no token waits', async () => {
  const { pay, tabOf, pauses, demands, writes } = await start()
  await pay(cost(10, 1000))
  const before = writes()
  const tab = tabOf('a', { step: 32, maxTokens: 320 })
  await tab.start(10, 4096)
  for (let n = 1; n <= 320; n++) {
    await tab.cover(n)
    tab.count(n)
    await new Promise((resolve) => setImmediate(resolve))
  }
  await tab.end({ promptTokens: 10, completionTokens: 320 })
  expect([pauses(), demands]).toEqual([0, []])
  expect(writes() - before).toBeLessThanOrEqual(2 + 320 / 16)
})

test('what is due is told while there is something left to send, once, and not beyond the end of the answer', async () => {
  const { pay, tabOf, pauses, demands } = await start()
  await pay(cost(10, 8))
  const tab = tabOf('a', { maxTokens: 12 })
  await tab.start(10, undefined)
  const settle = () => new Promise((resolve) => setTimeout(resolve, 5))
  for (let n = 1; n <= 6; n++) {
    await tab.cover(n)
    tab.count(n)
    await settle()
  }
  expect([pauses(), demands]).toEqual([0, [cost(10, 9)]])
  await pay(cost(10, 12))
  await settle()
  for (let n = 7; n <= 12; n++) {
    await tab.cover(n)
    tab.count(n)
    await settle()
  }
  await tab.end({ promptTokens: 10, completionTokens: 12 })
  expect([pauses(), demands]).toEqual([0, [cost(10, 9)]])
})

test('patience ends, readers go, and an engine that changes its count gets no receipt', async () => {
  const { ledger, pay, tabOf } = await start()
  await pay(cost(10, 4))
  const impatient = tabOf('a', { patienceMs: 1 })
  await impatient.start(10, undefined)
  await expect(impatient.cover(5)).rejects.toMatchObject({ code: 'payment_required' })
  await impatient.drop(false)
  expect(ledger.amounts(1n).spent).toBe(0n)

  const reader = new AbortController()
  const left = tabOf('b', { signal: reader.signal })
  await left.start(10, undefined)
  const waiting = left.cover(5)
  reader.abort(new Error('gone'))
  await expect(waiting).rejects.toThrow('gone')
  // the engine had its prompt
  await left.drop(true)
  expect(ledger.amounts(1n).spent).toBe(cost(10, 0))

  await pay(cost(20, 4))
  const liar = tabOf('c')
  await liar.start(10, undefined)
  await liar.cover(4)
  liar.count(4)
  expect(() => liar.count(3)).toThrow('not reserved')
  await expect(liar.end({ promptTokens: 11, completionTokens: 4 })).rejects.toMatchObject({ code: 'engine_failed' })
  // what was sent stays paid
  expect(ledger.amounts(1n).spent).toBe(cost(20, 4))
})

test('held-stream: a stream that is let go takes no more than it was allowed, whatever else is paid on the channel', async () => {
  const { ledger, pay, tabOf, demands, allowances, changes } = await start()
  const read = async (tab: StreamTab, from: number, to: number): Promise<void> => {
    for (let n = from; n <= to; n++) {
      await tab.cover(n)
      tab.count(n)
    }
  }
  allowances.begin('held', 1n, cost(10, 3))
  allowances.begin('next', 1n, cost(10, 3))
  await pay(cost(20, 100))
  const [held, next] = [tabOf('held', { patienceMs: 5 }), tabOf('next')]
  for (const tab of [held, next]) {
    tab.open()
    await tab.start(10, 100)
  }
  await read(held, 1, 3)
  await read(next, 1, 3)
  // all that follows is paid for by the other one
  allowances.raise('next', 1n, cost(10, 20))
  allowances.raise('next', 2n, cost(10, 90))
  changes.notify(1n)
  await expect(held.cover(4)).rejects.toMatchObject({
    code: 'payment_required',
    details: { requestId: 'held', requestAllowed: `${cost(10, 3)}`, requestRequired: `${cost(10, 4)}` },
  })
  await read(next, 4, 20)
  const late = next.cover(21)
  allowances.raise('next', 1n, cost(10, 21))
  changes.notify(1n)
  await late
  expect(ledger.amounts(1n).spent).toBe(cost(20, 23))
  expect(demands.length).toBeGreaterThan(0)
})

test('paused-streams: who pauses in a crowd, however often, gives its place to those that wait', async () => {
  const { ledger, pay, tabOf } = await start()
  let crowd = false
  await pay(cost(10, 1))
  const tab = tabOf('a', { graceMs: 30, crowded: () => crowd })
  await tab.start(10, undefined)
  tab.count(1)
  let paid = 1
  // alone, it may take its time
  const alone = tab.cover(2)
  await new Promise((resolve) => setTimeout(resolve, 40))
  await pay(cost(10, ++paid))
  await alone
  tab.count(2)
  crowd = true
  await expect(tab.cover(3)).rejects.toMatchObject({ code: 'payment_required' })
  await tab.drop(false)
  expect(ledger.amounts(1n).spent).toBe(cost(10, 2))
})
