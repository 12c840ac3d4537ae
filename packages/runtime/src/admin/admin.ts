import type { HttpBindings } from '@hono/node-server'
import { Hono } from 'hono'
import type { ModelHost } from '../model/host.ts'
import { hostState, loadModelRoute } from '../model/routes.ts'
import { refuseBrowsers } from './browsers.ts'
import type { Metrics } from './metrics.ts'

/** What the host's operator and orchestrator ask, on a port that the outside does not reach. */
export function adminRoutes(options: {
  host: ModelHost
  metrics: Metrics
  draining: () => boolean
  /** What the port is bound to. */
  hostname: string
}): Hono<{ Bindings: HttpBindings }> {
  const { host, metrics, draining } = options
  const app = new Hono<{ Bindings: HttpBindings }>()
  app.use(refuseBrowsers(options.hostname))
  app.get('/healthz', (c) => c.json({ ok: true }))
  app.get('/readyz', (c) => {
    const ready = host.state.phase === 'ready' && !draining()
    return c.json({ ready, draining: draining(), ...hostState(host.state) }, ready ? 200 : 503)
  })
  app.get('/metrics', async (c) =>
    c.body(await metrics.registry.metrics(), 200, { 'content-type': metrics.registry.contentType }),
  )
  app.route(
    '/dcml/v1',
    loadModelRoute(host, (_c, next) => next()),
  )
  return app
}
