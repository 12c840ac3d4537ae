import { DcmlError } from '@dcml/protocol'
import type { HttpBindings } from '@hono/node-server'
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response'
import { type Context, Hono } from 'hono'
import { routePath } from 'hono/route'
import { type X402Context, x402 } from '../payment/x402.ts'
import { answerId } from './answer.ts'
import { asDcmlError, errorBody, statusOf } from './errors.ts'

type Env = { Bindings: HttpBindings }

/** One request as the log and the metrics see it: the route's pattern and no byte the client chose. */
export interface RequestLine {
  /** What `x-request-id` of the answer says. */
  readonly id: string
  readonly method: string
  readonly route: string
  readonly status: number
  readonly ms: number
  readonly error?: DcmlError
}

/** What a 402 says of how to pay, where completions are paid for. */
export type Billing = Omit<X402Context, 'resource'>

/** An empty app that answers every fault in OpenAI's shape and tells `observe` of every request. */
export function createApp(observe: (line: RequestLine) => void, billing?: Billing): Hono<Env> {
  const app = new Hono<Env>()
  app.use(async (c, next) => {
    const started = performance.now()
    const { outgoing } = c.env
    const id = answerId('req')
    outgoing.setHeader('x-request-id', id)
    await next()
    const route = routePath(c, -1)
    observe({
      id,
      method: c.req.method,
      route: route === '/*' ? 'none' : route,
      status: outgoing.headersSent ? outgoing.statusCode : c.res.status,
      ms: performance.now() - started,
      ...(c.error && { error: asDcmlError(c.error) }),
    })
  })
  app.onError((fault, c) => answerFault(asDcmlError(fault), c, billing))
  app.notFound((c) => answerFault(routeNotFound(), c, billing))
  return app
}

function answerFault(error: DcmlError, c: Context<Env>, billing: Billing | undefined): Response {
  if (c.env.outgoing.headersSent || c.env.outgoing.destroyed) {
    c.env.outgoing.destroy()
    return RESPONSE_ALREADY_SENT
  }
  const { retryAfter } = error.details
  const status = statusOf(error)
  const bill = status === 402 && billing ? x402(error, { ...billing, resource: c.req.url }) : undefined
  return c.body(errorBody(error, bill?.body), status as 500, {
    'content-type': 'application/json',
    ...(bill && { 'payment-required': bill.header }),
    ...(retryAfter !== undefined && { 'retry-after': String(retryAfter) }),
    // what is left of the body will not be read
    ...(error.code === 'request_too_large' && { connection: 'close' }),
  })
}

const routeNotFound = (): DcmlError =>
  new DcmlError('route_not_found', 'There is no such call.', { hint: 'GET /openapi.json lists the calls.' })
