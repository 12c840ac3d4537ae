import { DcmlError } from '@dcml/protocol'
import type { HttpBindings } from '@hono/node-server'
import type { Hono } from 'hono'
import { createApp, type RequestLine } from './api/app.ts'
import type { Generation } from './api/generate.ts'
import { openaiRoutes } from './api/openai.ts'
import { openapi } from './api/openapi.ts'
import { type KeyRoutesOptions, keyRoutes } from './keys/routes.ts'
import type { Limits } from './limits.ts'
import { loadModelRoute, modelRoute, operatorOnly } from './model/routes.ts'

interface AttestedOptions extends Omit<KeyRoutesOptions, 'maxKeyPasses'> {
  readonly generation: Generation
  readonly limits: Limits
  readonly clock: () => number
  readonly operatorToken: string | undefined
  readonly draining: () => boolean
  readonly observe: (line: RequestLine) => void
}

/** Every call of the attested port: OpenAI's, and those of the paper's §3 and §4. */
export function attestedApp(options: AttestedOptions): Hono<{ Bindings: HttpBindings }> {
  const { host, limits, generation, clock } = options
  const app = createApp(options.observe)
  app.use(async (_c, next) => {
    if (options.draining()) throw isDraining()
    await next()
  })
  app.route('/dcml/v1', keyRoutes({ ...options, maxKeyPasses: limits.maxKeyPasses }))
  app.route('/dcml/v1', modelRoute(host))
  app.route('/dcml/v1', loadModelRoute(host, operatorOnly(options.operatorToken)))
  app.route('/v1', openaiRoutes({ host, generation, maxBodyBytes: limits.maxBodyBytes, clock }))
  app.get('/openapi.json', (c) => c.json(openapi()))
  return app
}

export const isDraining = (): DcmlError =>
  new DcmlError('draining', 'The runtime is stopping.', {
    hint: 'Ask another host.',
    retryable: true,
    details: { retryAfter: 5 },
  })
