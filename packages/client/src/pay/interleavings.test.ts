// Requests side by side over a network that reorders: an honest enclave is never taken for a liar, and the sums agree.
import { setTimeout as sleep } from 'node:timers/promises'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { ask, codeOf, disk, World } from '../../test/pay/world.ts'
import type { Transport } from '../transport.ts'

/** What the payer's own limits may end a request with. */
const LIMITS = ['none', 'payment_limit_reached', 'payment_deposit_exhausted']

interface Request {
  readonly stream: boolean
  /** Begins so many ms after the others. */
  readonly after: number
  /** Parts of the answer after which the reader leaves. */
  readonly leaves: number | null
}

const request: fc.Arbitrary<Request> = fc.record({
  stream: fc.boolean(),
  after: fc.nat(8),
  leaves: fc.option(fc.nat(12), { freq: 3 }),
})

/** Holds back each request and each answer for a while of its own. */
function reordering(inner: Transport, delays: readonly number[]): Transport {
  let next = 0
  const delay = () => sleep(delays[next++ % delays.length])
  return {
    close() {},
    async send(outgoing) {
      await delay()
      const response = await inner.send(outgoing)
      await delay()
      return response
    },
  }
}

test('in any order, with readers who leave and deposits that run out', async () => {
  const delays = fc.array(fc.nat(4), { minLength: 1, maxLength: 20 })
  const requests = fc.array(request, { minLength: 1, maxLength: 8 })
  await fc.assert(
    fc.asyncProperty(requests, delays, fc.integer({ min: 1, max: 8 }), async (all, waits, answers) => {
      const world = await World.create()
      world.enclave.patienceMs = 800
      const store = disk()
      const client = world.client(reordering(world.enclave.transport(), waits))
      const autoTopUp = { amount: 100n, maxDeposit: 169n * BigInt(answers) }
      const payer = await client.pay(world.options({ store, deposit: 60n, perRequestLimit: 200n, autoTopUp }))
      const codes = await Promise.all(
        all.map(async ({ stream, after, leaves }, i) => {
          await sleep(after)
          return codeOf(async () => {
            const response = await ask(client, { stream, user: `${i}` })
            if (response.status !== 200) return expect(response.status).toBe(402)
            if (leaves === null) return void (await response.text())
            const reader = response.body!.getReader()
            for (let part = 0; part < leaves; part++) await reader.read()
            await reader.cancel()
          })
        }),
      )
      for (const code of codes) expect(LIMITS).toContain(code)
      const { deposited, authorised, spent } = payer.amounts()
      expect(spent).toBeLessThanOrEqual(authorised)
      expect(authorised).toBeLessThanOrEqual(deposited)
      const truth = world.enclave.spent(1n)
      expect(spent).toBeLessThanOrEqual(truth)
      expect(await payer.close()).toEqual({ done: true, settled: truth })
      expect(world.chain.total()).toBe(world.total)
    }),
    { numRuns: 15 },
  )
})
