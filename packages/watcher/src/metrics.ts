import { Counter, collectDefaultMetrics, Gauge, Registry } from 'prom-client'
import { LEVELS, type Level } from './alarms.ts'

/** What the gauges read when they are asked. */
export interface Sight {
  readonly channels: number
  readonly closing: number
  /** Of the most urgent close; undefined where there is none. */
  readonly secondsLeft: number | undefined
  readonly blindSeconds: number
  readonly alarms: readonly Level[]
}

/** Prometheus metrics of one watcher. No label holds anything that a stranger chose. */
export interface Metrics {
  readonly registry: Registry
  seen(): void
  /** `answered`: an approval of ours was taken; `ended`: by whomever. */
  closed(how: 'answered' | 'ended' | 'forfeited'): void
  failed(step: Step): void
}

/** What an attempt was at. */
export type Step = 'read' | 'ask-enclave' | 'submit-answer' | 'forget' | 'expire' | 'finish_close'

export function createMetrics(sight: () => Sight): Metrics {
  const registry = new Registry()
  const registers = [registry]
  collectDefaultMetrics({ register: registry })
  const seen = new Counter({ name: 'dcml_watcher_closures_total', help: 'Closes without approval seen.', registers })
  const closed = new Counter({
    name: 'dcml_watcher_ends_total',
    help: 'Answers of this watcher taken, and channels seen to end, with an approval or forfeited.',
    labelNames: ['how'],
    registers,
  })
  const failed = new Counter({
    name: 'dcml_watcher_failures_total',
    help: 'Attempts that failed, by what they were at.',
    labelNames: ['step'],
    registers,
  })
  const gauge = (name: string, help: string, read: (sight: Sight) => number): void => {
    new Gauge({
      name,
      help,
      registers,
      collect() {
        this.set(read(sight()))
      },
    })
  }
  gauge('dcml_watcher_channels', 'Channels that are not closed.', ({ channels }) => channels)
  gauge('dcml_watcher_closing', 'Of these, closes that wait for an answer.', ({ closing }) => closing)
  gauge(
    'dcml_watcher_seconds_left',
    'Until the deadline of the most urgent close; +Inf where there is none.',
    ({ secondsLeft = Number.POSITIVE_INFINITY }) => secondsLeft,
  )
  gauge('dcml_watcher_blind_seconds', 'Since the newest block of any node.', ({ blindSeconds }) => blindSeconds)
  new Gauge({
    name: 'dcml_watcher_alarms',
    help: 'Channels with an alarm, by how bad it is.',
    labelNames: ['level'],
    registers,
    collect() {
      const { alarms } = sight()
      for (const level of LEVELS) this.set({ level }, alarms.filter((alarm) => alarm === level).length)
    },
  })
  return {
    registry,
    seen: () => seen.inc(),
    closed: (how) => closed.inc({ how }),
    failed: (step) => failed.inc({ step }),
  }
}
