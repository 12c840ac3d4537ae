// From the last word of a recipient that falls silent to the proof at the requester, where the node beside the silence
// waits for nothing but the settlement that it misses: Δ + g + ΣL at most.
import { tmpdir } from 'node:os'
import { NODE_DEFAULTS } from '@dcml/por/node'
import { runScenario } from '@dcml/por/sim'
import { RelayProcess } from './por-relay-process.ts'
import { connectTo, EDGE, RECIPIENT, REQUESTER, requestMessage, Script } from './por-traffic.ts'

type Row = Record<string, string | number>

const GUARD = NODE_DEFAULTS.guard

export async function silenceRows(): Promise<Row[]> {
  const names = ['a', 'b', 'c', 'd', 'e']
  const latency = 100
  const bound = (edges: number, each: number): string => `≤ ${EDGE.sync + GUARD + edges * each}`
  const edges = names.length - 1
  return [
    {
      what: `silence to proof over ${edges} edges of ${latency} ms, virtual time, ms`,
      ...{ figure: simulated(names, latency), goal: bound(edges, latency), beside: '' },
    },
    {
      what: `silence to proof over 2 edges that promise ${EDGE.latency} ms, real sockets, ms`,
      ...{
        figure: (await real()).toFixed(0),
        goal: bound(2, EDGE.latency),
        beside: 'loopback takes none of the latency',
      },
    },
  ]
}

/** The last of these nodes takes a request, acknowledges it, and says nothing any more. */
function simulated(names: readonly string[], latency: number): number {
  const arrives = (names.length - 1) * latency
  const mute = { kind: 'mute', from: arrives + 1 } as const
  const { outcomes } = runScenario({
    name: 'silence',
    horizon: 60_000,
    nodes: names.map((name, at) =>
      at < names.length - 1 ? { name, guard: GUARD, patience: 0 } : { name, service: null, behaviours: [mute] },
    ),
    edges: names.slice(1).map((name, at) => ({ between: [names[at]!, name], latency, sync: EDGE.sync })),
    requests: [{ at: 0, from: names[0]!, to: names.at(-1)! }],
  })
  const [outcome] = outcomes
  if (outcome?.kind !== 'broken') throw new Error(`Silence ended in ${outcome?.kind}.`)
  return outcome.at! - arrives
}

async function real(): Promise<number> {
  const [exchange] = new Script(1).next(1)
  const relay = await RelayProcess.start(tmpdir(), { credit: 0n, isStrict: true })
  let saidAt = 0
  const recipient = await connectTo(relay.endpoint, RECIPIENT, 2n, (message) => {
    if (message.type !== 'request') return
    const { requestHash } = exchange!.response.body
    recipient.send({ type: 'ack', requestHash, edgeId: 2n, window: 1 })
    saidAt = performance.now()
  })
  const broken = Promise.withResolvers<number>()
  const requester = await connectTo(relay.endpoint, REQUESTER, 1n, (message) => {
    if (message.type === 'broken') broken.resolve(performance.now() - saidAt)
  })
  requester.send(requestMessage(exchange!))
  const took = await broken.promise
  await relay.close()
  return took
}
