// One relay in a process of its own, over loopback with TLS and its real store, between a requester and a recipient that
// share another: what it takes a second, what it adds to a request's way, and what it holds.
import { existsSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import { SESSION_LIMITS } from '@dcml/por/node'
import { Session } from '../packages/por/src/node/session.ts'
import { listen } from '../packages/por/src/node/tls.ts'
import type { RelayReading } from './por-relay-child.ts'
import { RelayProcess } from './por-relay-process.ts'
import { type Exchange, hello, keysOf, PAYLOAD, RECIPIENT, Recipient, Requester, Script } from './por-traffic.ts'
import { interleave, median, percentile } from './statistics.ts'

type Row = Record<string, string | number>

/** Requests under way at once when it is asked for all that it can. */
const FLOOD = 256
const BATCH = 32
/** Requests that it must hold without losing one, and how many it holds when they are weighed. */
const INFLIGHT = 1024
const WEIGHED = 8192

const STORES = { disk: tmpdir(), memory: existsSync('/dev/shm') ? '/dev/shm' : tmpdir() }
const PAYING = { 'a voucher each': 1, 'batched by credit': BATCH }

type Where = keyof typeof STORES

/** A relay with both its neighbours. */
class Trio {
  readonly requester = new Requester()
  readonly recipient: Recipient
  readonly #relay: RelayProcess

  private constructor(relay: RelayProcess, exchanges: readonly Exchange[]) {
    this.#relay = relay
    this.recipient = new Recipient(exchanges)
  }

  static async start(where: Where, credit: bigint, exchanges: readonly Exchange[]): Promise<Trio> {
    const relay = await RelayProcess.start(STORES[where], { credit })
    const trio = new Trio(relay, exchanges)
    await trio.recipient.connect(relay.endpoint)
    await trio.requester.connect(relay.endpoint)
    return trio
  }

  read(order: 'clock' | 'weigh'): Promise<RelayReading> {
    return this.#relay.read(order)
  }

  close(): Promise<void> {
    return this.#relay.close()
  }
}

/** Requester and recipient with an edge of their own. */
async function direct(exchanges: readonly Exchange[]): Promise<{ requester: Requester; close(): void }> {
  const [requester, recipient] = [new Requester(), new Recipient(exchanges)]
  const server = await listen({
    ...{ keys: keysOf(RECIPIENT), host: '127.0.0.1', port: 0, ...SESSION_LIMITS },
    accept(socket) {
      const session = new Session(socket, SESSION_LIMITS, {
        message: (message) => (message.type === 'hello' ? session.send(hello(RECIPIENT, 1n)) : recipient.take(message)),
        closed: () => {},
      })
      recipient.adopt(session)
      session.start()
    },
  })
  const address = server.address() as { port: number }
  await requester.connect(`127.0.0.1:${address.port}`)
  return { requester, close: () => server.close() }
}

export async function relayRows(quick: boolean): Promise<Row[]> {
  const rows: Row[] = []
  for (const [paying, batch] of Object.entries(PAYING)) rows.push(...(await paid(paying, batch, quick)))
  return [...rows, ...(await held())]
}

async function paid(paying: string, batch: number, quick: boolean): Promise<Row[]> {
  const [warm, flood, rounds, stroll] = quick ? [1000, 2000, 3, 1000] : [4000, 8000, 5, 8000]
  const exchanges = new Script(batch).next(warm + rounds * flood + stroll)
  const credit = batch === 1 ? 0n : 10n ** 24n
  const [disk, memory] = [await Trio.start('disk', credit, exchanges), await Trio.start('memory', credit, exchanges)]
  for (const side of [disk, memory]) await side.requester.flood(exchanges.slice(0, warm), FLOOD)
  const run = (side: Trio) => {
    let from = warm
    return async (): Promise<{ rate: number; cpu: number }> => {
      const before = await side.read('clock')
      const rate = await side.requester.flood(exchanges.slice(from, from + flood), FLOOD)
      from += flood
      return { rate, cpu: ((await side.read('clock')).cpu - before.cpu) / flood }
    }
  }
  const floods = await interleave(rounds, { disk: run(disk), memory: run(memory) })
  const rate = (where: Where): number => median(floods[where].map((each) => each.rate))
  const cpu = (where: Where): string => median(floods[where].map((each) => each.cpu)).toFixed(0)
  const edge = await direct(exchanges)
  const last = exchanges.slice(-stroll)
  const alone = await edge.requester.stroll(last, rate('disk') / 2)
  const times = {
    disk: await disk.requester.stroll(last, rate('disk') / 2),
    memory: await memory.requester.stroll(last, rate('memory') / 2),
  }
  edge.close()
  await disk.close()
  await memory.close()
  const throughput = {
    what: `relay, ${paying}: requests/s`,
    figure: `${rate('disk').toFixed(0)} (${cpu('disk')} µs of its processor each)`,
    goal: batch === 1 ? '≥ 2,000' : '≥ 4,000',
    beside: `store in memory: ${rate('memory').toFixed(0)} (${cpu('memory')} µs)`,
  }
  const delays = [0.5, 0.99].map((share): Row => {
    const without = percentile(alone, share)
    const added = (where: Where): string => (percentile(times[where], share) - without).toFixed(2)
    return {
      what: `relay, ${paying}: delay added at half load, p${share * 100}, ms`,
      figure: added('disk'),
      goal: share === 0.5 ? '≤ 1' : '≤ 10',
      beside: `store in memory: ${added('memory')}; the edge without it takes ${without.toFixed(2)}`,
    }
  })
  return [throughput, ...delays]
}

/** Requests that the recipient does not answer for a while: none is lost, and what they weigh. */
async function held(): Promise<Row[]> {
  const exchanges = new Script(1).next(INFLIGHT + WEIGHED)
  const trio = await Trio.start('disk', 0n, exchanges)
  let answered = 0
  const hold = async (some: readonly Exchange[]): Promise<number> => {
    const before = await trio.read('weigh')
    trio.recipient.holdsBack = true
    const done = Promise.withResolvers<void>()
    let left = some.length
    for (const exchange of some)
      trio.requester.send(exchange, () => {
        answered += 1
        left -= 1
        if (left === 0) done.resolve()
      })
    while (trio.recipient.held < some.length) await sleep(10)
    const bytes = ((await trio.read('weigh')).heap - before.heap) / some.length
    trio.recipient.release()
    await done.promise
    return bytes
  }
  await hold(exchanges.slice(0, INFLIGHT))
  const bytes = await hold(exchanges.slice(INFLIGHT))
  await trio.close()
  return [
    {
      what: `relay: answered of ${INFLIGHT.toLocaleString('en')} and ${WEIGHED.toLocaleString('en')} under way at once`,
      ...{ figure: answered, goal: INFLIGHT + WEIGHED, beside: '' },
    },
    {
      what: `relay: bytes of memory for a request under way, payload of ${PAYLOAD} included`,
      ...{ figure: bytes.toFixed(0), goal: '≤ 2,048', beside: '' },
    },
  ]
}
