// Seven nodes as processes, over wires that delay, stall, reset and part: every acknowledged request has one end within
// its bound, waiting is paid for, and all money is where the books say, to the yocto. DCML_POR_REQUESTS says how many
// requests, DCML_SEED which faults.
// DCML_POR_REQUESTS=10000: 9,983 responses, 17 proofs of the one edge that was cut, 680 paid for being late; 281 stalls,
// 213 resets and 53 partitions on the way; 140 s of asking on 2 shared vCPUs.
import { expect, onTestFailed, onTestFinished, test } from 'vitest'
import { Draws } from '../money/draws.ts'
import { expectMoney, expectOneEnd, expectSmallLosses } from './checks.ts'
import { Network } from './network.ts'
import { type Ended, GUARD, PARAMS, RATE } from './stage.ts'

const REQUESTS = Number(process.env.DCML_POR_REQUESTS ?? 400)
const SEED = Number(process.env.DCML_SEED ?? (Date.now() % 1e9) + 1)
/** Requests at once, over all requesters. */
const ASKERS = 4
const WORKERS = 6
/** H. */
const HOLD = 10_000
/** What a busy machine may add to a bound: seven processes, the proxies and the chain share two cores. */
const SLACK = 2_000
/** ms of late fees that two clocks may differ by: one settlement, and what a creditor lets pass. */
const JITTER = BigInt(PARAMS.sync + 2 * PARAMS.latency + GUARD + SLACK)

interface Asked extends Ended {
  readonly by: string
  /** Whether nothing happened to its asker's own wires meanwhile. */
  readonly isCalm: boolean
}

test(`${REQUESTS} requests over wires that fail`, { timeout: 120_000 + REQUESTS * 60 }, async () => {
  onTestFailed(() => console.error(`DCML_SEED=${SEED}`))
  const network = await Network.start(SEED)
  onTestFinished(() => network.end())
  const { draws, links, wires, actors } = network
  // one that the askers use
  const doomed = draws.one(links.filter(({ u }) => actors.slice(0, ASKERS).some(({ account }) => account === u)))!
  const faults = trouble(network, doomed.id)
  const began = performance.now()
  const asked = await askAll(network, (done) => {
    if (done === Math.floor(REQUESTS / 2)) wires.between(doomed.u, doomed.v).hold(Number.POSITIVE_INFINITY)
  })
  faults.stop()
  const took = performance.now() - began
  await network.settled()
  const flows = await network.windUp()

  for (const { kind, isEcho, brokenEdge, isCalm, ms, cost, late, code } of asked) {
    if (kind === 'failed') {
      expect(['por_refused', 'por_no_route']).toContain(code)
      continue
    }
    if (kind === 'response') expect(isEcho).toBe(true)
    // only what was cut for good is ever shown as broken
    else expect(brokenEdge).toBe(doomed.id)
    const soft = 2 * PARAMS.latency * Number(cost / PARAMS.baseCost)
    expect(ms).toBeLessThanOrEqual(soft + HOLD + SLACK)
    const lateness = BigInt(Math.max(0, Math.floor(ms - soft)))
    expect(late).toBeLessThanOrEqual(RATE * (lateness + JITTER))
    // a neighbour's clock begins when it hears of the request: at once, where nothing was wrong between the two
    if (kind === 'response' && isCalm) expect(late).toBeGreaterThanOrEqual(RATE * (lateness - JITTER))
  }
  const acked = asked.filter(({ kind }) => kind !== 'failed')
  expect(acked.length).toBeGreaterThan(REQUESTS * 0.9)
  expectOneEnd(network)
  expect(flows.filter(({ isSevered }) => isSevered).map(({ id }) => id)).toEqual([doomed.id])
  await expectMoney(network, flows)
  const own = (account: string): bigint =>
    acked.filter(({ by }) => by === account).reduce((sum, { cost, late }) => sum + cost - late, 0n)
  expectSmallLosses(network, flows, own, ASKERS * WORKERS)
  report(asked, took, faults.counts)
})

/** Asks from several nodes at once; after each end, `progress` hears how many there are. */
async function askAll(network: Network, progress: (done: number) => void): Promise<Asked[]> {
  const { draws, actors, links, wires } = network
  const asked: Asked[] = []
  let left = REQUESTS
  const work = async (by: (typeof actors)[number], own: Draws): Promise<void> => {
    while (left-- > 0) {
      const target = own.one(actors.filter((actor) => actor !== by))!.account
      const payload = Uint8Array.from({ length: own.below(200) }, () => own.below(256))
      const began = performance.now()
      const ended = await by.tell({ order: 'request', target, payload, hold: HOLD })
      const mine = links.filter(({ u, v }) => u === by.account || v === by.account)
      const isCalm = mine.every(({ u, v }) => wires.between(u, v).wasCalm(began, performance.now()))
      asked.push({ by: by.account, isCalm, ...ended })
      progress(asked.length)
    }
  }
  const askers = actors.slice(0, ASKERS)
  await Promise.all(
    askers.flatMap((actor) => Array.from({ length: WORKERS }, () => work(actor, new Draws(1 + draws.below(2 ** 31))))),
  )
  return asked
}

/** Stalls, resets and partitions that heal, at random, all the time. */
function trouble({ draws, links, wires }: Network, spared: bigint) {
  const counts = { stalls: 0, resets: 0, partitions: 0 }
  let timer: ReturnType<typeof setTimeout> | undefined
  const next = (): void => {
    timer = setTimeout(() => {
      const { u, v, id } = draws.one(links)!
      const wire = wires.between(u, v)
      const lot = draws.below(10)
      if (lot < 5) {
        counts.stalls++
        wire.hold(100 + draws.below(900))
      } else if (lot < 9) {
        counts.resets++
        wire.reset()
      } else if (id !== spared) {
        counts.partitions++
        wire.hold(1_000 + draws.below(3_000))
      }
      next()
    }, 50 + draws.below(400))
  }
  next()
  return { counts, stop: () => clearTimeout(timer) }
}

function report(asked: readonly Asked[], took: number, faults: object): void {
  if (process.env.DCML_POR_REQUESTS === undefined) return
  const count = (kind: Ended['kind']) => asked.filter((each) => each.kind === kind).length
  const times = asked
    .filter(({ kind }) => kind !== 'failed')
    .map(({ ms }) => ms)
    .sort((a, b) => a - b)
  const at = (part: number) => Math.round(times[Math.floor(part * (times.length - 1))] ?? 0)
  console.info(
    JSON.stringify({
      seed: SEED,
      ...{ response: count('response'), broken: count('broken'), failed: count('failed') },
      late: asked.filter(({ late }) => late > 0n).length,
      lateInCalm: asked.filter(({ late, isCalm }) => late > 0n && isCalm).length,
      ms: { p50: at(0.5), p99: at(0.99), max: at(1) },
      ...{ seconds: Math.round(took / 1000), faults },
    }),
  )
}
