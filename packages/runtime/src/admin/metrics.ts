import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'
import type { Admission } from '../api/admission.ts'
import type { GenerationOutcome } from '../api/generate.ts'
import type { ModelHost } from '../model/host.ts'
import type { PaymentObserver } from '../payment/tab.ts'

/** yoctoNEAR in one NEAR. */
const YOCTO = 1e24

/** Prometheus metrics of one runtime. Labels are few and never hold anything a client sent. */
export interface Metrics {
  readonly registry: Registry
  generation(outcome: GenerationOutcome): void
  request(route: string, status: number): void
  /** Counts of a paid workload; a 402 is a request of that status. @param open channels that take requests */
  payments(open: () => number): PaymentObserver
}

export function createMetrics(admission: Admission, host: ModelHost): Metrics {
  const registry = new Registry()
  const registers = [registry]
  collectDefaultMetrics({ register: registry })
  const requests = new Counter({
    name: 'dcml_requests_total',
    help: 'HTTP requests by route and status.',
    labelNames: ['route', 'status'],
    registers,
  })
  const generations = new Counter({
    name: 'dcml_generations_total',
    help: 'Generations by outcome.',
    labelNames: ['outcome'],
    registers,
  })
  const tokens = new Counter({
    name: 'dcml_tokens_total',
    help: 'Tokens by kind, as counted in receipts.',
    labelNames: ['kind'],
    registers,
  })
  const firstToken = new Histogram({
    name: 'dcml_time_to_first_token_seconds',
    help: 'From the request to its first token.',
    buckets: [0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30],
    registers,
  })
  const duration = new Histogram({
    name: 'dcml_generation_seconds',
    help: 'From the request to the last byte of its answer.',
    buckets: [0.01, 0.05, 0.1, 0.5, 1, 2, 5, 10, 30, 60, 120, 300, 600],
    registers,
  })
  const gauge = (name: string, help: string, read: () => number): void => {
    new Gauge({
      name,
      help,
      registers,
      collect() {
        this.set(read())
      },
    })
  }
  gauge('dcml_generations_running', 'Requests the engine works on.', () => admission.running)
  gauge('dcml_generations_waiting', 'Requests in line.', () => admission.waiting)
  gauge('dcml_model_ready', '1 once the model answers.', () => (host.state.phase === 'ready' ? 1 : 0))

  const counter = (name: string, help: string): Counter => new Counter({ name, help, registers })

  return {
    registry,
    payments(open) {
      gauge('dcml_channels_open', 'Payment channels that take requests.', open)
      const vouchers = counter('dcml_vouchers_accepted_total', 'Vouchers accepted, repeated ones included.')
      const pauses = counter('dcml_payment_pauses_total', 'Streams that waited for a voucher.')
      const spent = counter('dcml_spent_near_total', 'NEAR spent on channels.')
      return {
        voucher: () => vouchers.inc(),
        pause: () => pauses.inc(),
        spent: (cost) => spent.inc(Number(cost) / YOCTO),
      }
    },
    request: (route, status) => requests.inc({ route, status }),
    generation({ outcome, promptTokens, completionTokens, firstTokenMs, totalMs }) {
      generations.inc({ outcome })
      tokens.inc({ kind: 'prompt' }, promptTokens)
      tokens.inc({ kind: 'completion' }, completionTokens)
      if (firstTokenMs !== undefined) firstToken.observe(firstTokenMs / 1000)
      duration.observe(totalMs / 1000)
    },
  }
}
