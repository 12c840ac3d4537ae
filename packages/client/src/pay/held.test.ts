// A host that keeps a stream open which its payer has let go, to have it paid by what she pays for the next one.
import { expect, test } from 'vitest'
import { ask, World } from '../../test/pay/world.ts'
import type { Transport } from '../transport.ts'

const [COST, STEP] = [169n, 40n]
const readAll = async (response: Promise<Response>): Promise<string> => (await response).text()

/** A host between payer and enclave: what a payer lets go it reads on, so that the enclave believes she still does. */
function holding(inner: Transport): { transport: Transport; held: Promise<void>[] } {
  const held: Promise<void>[] = []
  const drain = async (reader: ReadableStreamDefaultReader<Uint8Array>): Promise<void> => {
    while (!(await reader.read()).done);
  }
  const transport: Transport = {
    close() {},
    async send(request) {
      const response = await inner.send(request)
      if (response.headers.get('content-type') !== 'text/event-stream') return response
      const reader = response.body!.getReader()
      const body = new ReadableStream<Uint8Array>(
        {
          async pull(controller) {
            const { done, value } = await reader.read()
            if (done) controller.close()
            else controller.enqueue(value)
          },
          cancel: () => void held.push(drain(reader)),
        },
        { highWaterMark: 0 },
      )
      return { ...response, body }
    },
  }
  return { transport, held }
}

test('held-stream: a host that keeps a stream open which was let go has a step of it, and nothing of the next request', async () => {
  const world = await World.create()
  world.enclave.patienceMs = 300
  const { transport, held } = holding(world.enclave.transport())
  const client = world.client(transport)
  const payer = await client.pay(world.options())
  // she leaves each of them at its first words, and goes on to the next
  for (let i = 0; i < 3; i++) {
    const reader = (await ask(client, { user: `${i}` })).body!.getReader()
    await reader.read()
    await reader.cancel()
  }
  await Promise.all([
    readAll(ask(client, { user: 'whole', stream: false })),
    ...['a', 'b'].map((user) => readAll(ask(client, { user }))),
  ])
  await Promise.all(held)
  const truth = world.enclave.spent(1n)
  expect(held).toHaveLength(3)
  // nothing had reached her of those: all that they took was unread
  expect(truth).toBeLessThanOrEqual(3n * COST + 3n * STEP)
  await readAll(ask(client, { user: 'last' }))
  expect(await payer.close()).toEqual({ done: true, settled: truth + COST })
})
