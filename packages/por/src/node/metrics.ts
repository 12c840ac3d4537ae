import { Counter, Gauge, Histogram, type Registry } from 'prom-client'
import type { Note, Outcome } from '../core/types.ts'

/** What the gauges read when they are asked. */
export interface Sight {
  readonly sessions: number
  readonly edges: number
  readonly inflight: number
}

/** Prometheus metrics of one node. No label holds anything that a stranger chose. */
export interface Metrics {
  noted(note: Note): void
  served(status: number | 'none'): void
  ended(kind: Outcome['kind']): void
  paidForWaiting(amount: bigint): void
  closed(code: string): void
  synced(ms: number, records: number): void
}

const NEAR = 1e24

export function createMetrics(registry: Registry, sight: () => Sight): Metrics {
  const registers = [registry]
  const counter = <L extends string>(name: string, help: string, ...labelNames: L[]): Counter<L> =>
    new Counter({ name: `dcml_por_${name}`, help, labelNames, registers })
  const gauge = (name: string, help: string, read: (sight: Sight) => number): void => {
    new Gauge({
      name: `dcml_por_${name}`,
      help,
      registers,
      collect() {
        this.set(read(sight()))
      },
    })
  }
  gauge('sessions', 'Neighbours with a session.', ({ sessions }) => sessions)
  gauge('edges', 'Edges of this node that are not settled.', ({ edges }) => edges)
  gauge('inflight', 'Requests under way, here and through here.', ({ inflight }) => inflight)
  const notes = counter('events_total', 'What happened to requests and edges.', 'what')
  const paid = counter('late_paid_near_total', 'NEAR paid for being late.')
  const received = counter('late_received_near_total', 'NEAR that this node, as requester, was paid for waiting.')
  const outcomes = counter('outcomes_total', 'Requests of this node by how they ended.', 'kind')
  const served = counter('served_total', 'Requests answered by an application here, by status.', 'status')
  const closed = counter('sessions_closed_total', 'Sessions and connections closed, by why.', 'code')
  const sync = new Histogram({
    name: 'dcml_por_sync_seconds',
    help: 'Time until a group of records was on disk.',
    buckets: [0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5],
    registers,
  })
  const records = counter('records_total', 'Records put on disk.')
  return {
    noted({ what, amount }) {
      notes.inc({ what })
      if (what === 'paid-late') paid.inc(Number(amount ?? 0n) / NEAR)
    },
    served: (status) => served.inc({ status }),
    ended: (kind) => outcomes.inc({ kind }),
    paidForWaiting: (amount) => received.inc(Number(amount) / NEAR),
    closed: (code) => closed.inc({ code }),
    synced(ms, count) {
      sync.observe(ms / 1000)
      records.inc(count)
    },
  }
}
