import { DcmlError } from '@dcml/protocol'
import type { HttpBindings } from '@hono/node-server'
import { Hono } from 'hono'
import type { Engine } from '../engine/engine.ts'
import type { ModelHost } from '../model/host.ts'
import { hostState, loadModelRoute } from '../model/routes.ts'
import type { PaymentDesk } from '../payment/desk.ts'
import { hostPaymentRoutes } from '../payment/routes.ts'
import { refuseBrowsers } from './browsers.ts'
import type { Metrics } from './metrics.ts'

/** For an upstream engine to say that it is there. */
const CHECK_MS = 3000

/** What the host's operator and orchestrator ask, on a port that the outside does not reach. */
export function adminRoutes(options: {
  host: ModelHost
  /** Given where completions are paid for. */
  desk: PaymentDesk | undefined
  /** What the node of Proof of Response beside this runtime brings: here no stranger is in its way. */
  por: Hono<{ Bindings: HttpBindings }>
  metrics: Metrics
  draining: () => boolean
  /** What the port is bound to. */
  hostname: string
}): Hono<{ Bindings: HttpBindings }> {
  const { host, desk, por, metrics, draining } = options
  const app = new Hono<{ Bindings: HttpBindings }>()
  app.use(refuseBrowsers(options.hostname))
  app.get('/healthz', (c) => c.json({ ok: true }))
  app.get('/readyz', async (c) => {
    const { state } = host
    const fault = unsureOf(desk) ?? (state.phase === 'ready' ? await faultOf(state.model.engine) : undefined)
    const ready = state.phase === 'ready' && fault === undefined && !draining()
    const error = fault && { error: fault.toJSON() }
    return c.json({ ready, draining: draining(), ...hostState(state), ...error }, ready ? 200 : 503)
  })
  app.get('/metrics', async (c) =>
    c.body(await metrics.registry.metrics(), 200, { 'content-type': metrics.registry.contentType }),
  )
  if (desk !== undefined) app.route('/dcml/v1', hostPaymentRoutes(desk))
  app.route('/dcml/v1', por)
  app.route(
    '/dcml/v1',
    loadModelRoute(host, (_c, next) => next()),
  )
  return app
}

/** Why nothing may be sold any more. */
function unsureOf(desk: PaymentDesk | undefined): DcmlError | undefined {
  try {
    desk?.requireSure()
    return undefined
  } catch (cause) {
    if (DcmlError.isInstance(cause)) return cause
    throw cause
  }
}

/** Why a loaded engine answers nobody now. */
async function faultOf(engine: Engine): Promise<DcmlError | undefined> {
  try {
    await engine.check({ signal: AbortSignal.timeout(CHECK_MS) })
    return undefined
  } catch (cause) {
    return DcmlError.isInstance(cause) ? cause : silent(cause)
  }
}

const silent = (cause: unknown): DcmlError =>
  new DcmlError('engine_timeout', `The engine did not say within ${CHECK_MS} ms that it is there.`, {
    hint: 'Look at its load and its log.',
    retryable: true,
    cause,
  })
