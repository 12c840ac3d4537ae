import { MAX_SEALED_ANSWER } from '@dcml/attestation'
import { PAYMENT_CALLS } from '@dcml/channels'
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
import type { PaymentDesk } from './payment/desk.ts'
import { paymentRoutes } from './payment/routes.ts'
import { innerCalls } from './por/inner.ts'
import { Replays } from './por/replays.ts'
import { type PorLine, type PorOptions, porRoutes } from './por/routes.ts'

interface AttestedOptions extends Omit<KeyRoutesOptions, 'maxKeyPasses'> {
  readonly generation: Generation
  /** Given where completions are paid for. */
  readonly desk: PaymentDesk | undefined
  readonly limits: Limits
  readonly clock: () => number
  readonly operatorToken: string | undefined
  readonly draining: () => boolean
  readonly observe: (line: RequestLine) => void
  /** X25519 key of the evidence, 32 bytes. */
  readonly hpkeKey: Uint8Array
  readonly quote: PorOptions['quote']
  readonly onPor: (line: PorLine) => void
}

const EVIDENCE = '/dcml/v1/evidence'

type App = Hono<{ Bindings: HttpBindings }>

/**
 * Every call of the attested port: OpenAI's, and those of the paper's §3, §4, §6 and §8.
 * @returns `por` too, what the host's node of Proof of Response brings, for the host's own port
 */
export function attestedApp(options: AttestedOptions): { readonly app: App; readonly por: App } {
  const { host, limits, generation, desk, clock } = options
  const app = createApp(options.observe, desk && { chain: desk.chain, paymentMs: limits.paymentMs })
  app.use(async (c, next) => {
    const { path } = c.req
    // whoever connects hears from a verified enclave what is wrong with it
    if (path !== EVIDENCE) desk?.requireSure()
    // streams that are to end in peace may still need vouchers
    const isSpared = desk !== undefined && (path === EVIDENCE || path === PAYMENT_CALLS.acceptVoucher)
    if (options.draining() && !isSpared) throw isDraining()
    await next()
  })
  app.route('/dcml/v1', keyRoutes({ ...options, maxKeyPasses: limits.maxKeyPasses }))
  app.route('/dcml/v1', modelRoute(host))
  app.route('/dcml/v1', loadModelRoute(host, operatorOnly(options.operatorToken)))
  if (desk !== undefined) app.route('/dcml/v1', paymentRoutes(desk))
  app.route('/v1', openaiRoutes({ host, generation, desk, maxBodyBytes: limits.maxBodyBytes, clock }))
  const inner = innerCalls(app.fetch, MAX_SEALED_ANSWER)
  const sealed = { privateKey: options.hpkeKey, inner, replays: new Replays(clock) }
  const por = porRoutes({ ...sealed, desk, quote: options.quote, observe: options.onPor })
  app.route('/dcml/v1', por)
  const document = openapi(desk !== undefined)
  app.get('/openapi.json', (c) => c.json(document))
  return { app, por }
}

export const isDraining = (): DcmlError =>
  new DcmlError('draining', 'The runtime is stopping.', {
    hint: 'Ask another host.',
    retryable: true,
    details: { retryAfter: 5 },
  })
