// The machine of a relay alone, without sockets or a store: what a message costs it, and what ten thousand late requests
// cost at a settlement.
import type { Effect, Machine, Message } from '@dcml/por'
import { createMachine, Graph, MAX_LATE } from '@dcml/por'
import { createVerify, NODE_DEFAULTS } from '@dcml/por/node'
import {
  bytesOf,
  type Kind,
  type NodeSigner,
  type PorRequest,
  type PorResponse,
  type PorVoucher,
  porRequest,
  porResponse,
  porVoucher,
  type Signed,
  sign,
  type VerifyNow,
} from '@dcml/protocol/por'
import {
  EDGE,
  type Exchange,
  hello,
  keysOf,
  nameOf,
  RECIPIENT,
  RELAY,
  REQUESTER,
  requestMessage,
  responseMessage,
  Script,
  SOFT,
  threeNodes,
} from './por-traffic.ts'
import { interleave, median } from './statistics.ts'

type Row = Record<string, string | number>

const LATE = 10_000
/** Messages that a relay takes for one request: the request, its ack, the response. */
const MESSAGES = 3

const nothing: { signer: NodeSigner; verify: VerifyNow } = {
  signer: { publicKey: keysOf(RELAY).signer.publicKey, sign: () => new Uint8Array(64) },
  verify: () => true,
}

/** A relay's machine whose neighbours have said hello. */
async function relay(crypto: typeof nothing): Promise<Machine> {
  const chain = threeNodes()
  const graph = Graph.from(await chain.graph(), () => 1n)
  const rate = { perSecond: 1e9, burst: 1e9 }
  const config = { ...NODE_DEFAULTS, chain: chain.chain, account: nameOf(RELAY), apps: [], rate }
  const machine = createMachine({ ...config, patience: () => 'wait' }, crypto, graph)
  for (const [edgeId, at] of [
    [1n, REQUESTER],
    [2n, RECIPIENT],
  ] as const) {
    machine.handle({ kind: 'connected', edgeId }, 0)
    machine.handle({ kind: 'message', edgeId, message: hello(at, edgeId) }, 0)
  }
  return machine
}

const hear = (machine: Machine, message: Message, edgeId: bigint, now: number): readonly Effect[] =>
  machine.handle({ kind: 'message', edgeId, message }, now)

const ackOf = ({ response }: Exchange): Message => ({
  ...{ type: 'ack', requestHash: response.body.requestHash, edgeId: 2n, window: 16_384 },
})

/** µs a message. @throws Error where a request does not come back as its answer */
async function perMessage(crypto: typeof nothing, exchanges: readonly Exchange[]): Promise<number> {
  const machine = await relay(crypto)
  let answered = 0
  const began = process.cpuUsage()
  for (const [at, exchange] of exchanges.entries()) {
    const now = Math.floor(at / 4)
    hear(machine, requestMessage(exchange), 1n, now)
    hear(machine, ackOf(exchange), 2n, now)
    const effects = hear(machine, responseMessage(exchange), 2n, now)
    if (effects.some((effect) => effect.kind === 'send' && effect.message.type === 'response')) answered++
  }
  const { user, system } = process.cpuUsage(began)
  if (answered !== exchanges.length) throw new Error(`${exchanges.length - answered} requests were not answered.`)
  return (user + system) / exchanges.length / MESSAGES
}

/** ms of processor time: to take the next node's settlements, and to make one's own. */
async function settlement(exchanges: readonly Exchange[]): Promise<{ taken: number; made: number }> {
  const machine = await relay(nothing)
  for (const exchange of exchanges) {
    hear(machine, requestMessage(exchange), 1n, 0)
    hear(machine, ackOf(exchange), 2n, 0)
  }
  const { latency, sync } = EDGE
  let now = sync
  for (; now <= SOFT - latency; now += sync) machine.handle({ kind: 'wake' }, now)
  const lateness = now - (SOFT - latency)
  const late = exchanges.map(({ response, request }) => ({
    ...{ requestHash: response.body.requestHash, lateness, amount: request.body.lateRate * BigInt(lateness) },
  }))
  const total = exchanges.reduce((sum, { fee }) => sum + fee, 0n)
  const voucher = sign(porVoucher, threeNodes().chain, { edgeId: 2n, seq: 1n, total }, keysOf(RECIPIENT).signer)
  const taken = spent(() => {
    for (let at = 0; at <= late.length; at += MAX_LATE) {
      const part = { late: late.slice(at, at + MAX_LATE), voucher: at === 0 ? voucher : null }
      hear(machine, { type: 'sync', edgeId: 2n, tick: 1, next: 1000, window: 16_384, ...part }, 2n, now)
    }
  })
  let effects: readonly Effect[] = []
  const made = spent(() => {
    effects = machine.handle({ kind: 'wake' }, now)
  })
  const paid = effects.reduce(
    (sum, effect) => sum + (effect.kind === 'send' && effect.message.type === 'sync' ? effect.message.late.length : 0),
    0,
  )
  if (paid !== exchanges.length) throw new Error(`The settlement pays for ${paid} late requests.`)
  return { taken, made }
}

/** ms of processor time. */
function spent(work: () => void): number {
  const began = process.cpuUsage()
  work()
  const { user, system } = process.cpuUsage(began)
  return (user + system) / 1000
}

export async function machineRows(quick: boolean): Promise<Row[]> {
  const exchanges = new Script(1).next(quick ? 2000 : 10_000)
  const real = { signer: keysOf(RELAY).signer, verify: createVerify() }
  await perMessage(nothing, exchanges)
  const times = await interleave(quick ? 3 : 7, {
    with: () => perMessage(real, exchanges),
    without: () => perMessage(nothing, exchanges),
    alone: async () => signatures(exchanges),
  })
  const script = new Script(1, 10n ** 15n)
  const late = script.next(LATE)
  const settlements = [await settlement(late), await settlement(late), await settlement(late)]
  const ms = (of: 'taken' | 'made'): string => median(settlements.map((each) => each[of])).toFixed(1)
  return [
    {
      what: 'machine alone: µs of a processor for each message of a hop',
      figure: median(times.with).toFixed(1),
      goal: '',
      beside: `without signatures: ${median(times.without).toFixed(1)}; the signatures alone: ${median(times.alone).toFixed(1)}`,
    },
    {
      what: `machine alone: ms of a processor to pay for ${LATE.toLocaleString('en')} late requests at a settlement`,
      ...{ figure: ms('made'), goal: '≤ 50', beside: `to be paid for them: ${ms('taken')}` },
    },
  ]
}

/** µs a message of what must be signed and checked: voucher, request and response are checked, a voucher is signed. */
function signatures(exchanges: readonly Exchange[]): number {
  const verify = createVerify()
  const { signer } = keysOf(RELAY)
  const check = <T extends PorRequest | PorResponse | PorVoucher>(
    of: Kind<T>,
    { body, signature }: Signed<T>,
  ): void => {
    if (!verify(body.domain.subject, bytesOf(of, body), signature)) throw new Error('A signature is wrong.')
  }
  const ms = spent(() => {
    for (const { request, response, voucher } of exchanges) {
      check(porVoucher, voucher!)
      check(porRequest, request)
      check(porResponse, response)
      signer.sign(bytesOf(porVoucher, voucher!.body))
    }
  })
  return (1000 * ms) / exchanges.length / MESSAGES
}
