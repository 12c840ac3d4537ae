import { formatWire, MAX_BUNDLE_BYTES, wire } from '@dcml/channels'
import { toHex } from '@dcml/protocol'
import type { HttpBindings } from '@hono/node-server'
import { type Context, Hono } from 'hono'
import * as v from 'valibot'
import { parseJson, readBody } from '../api/body.ts'
import type { PaymentDesk } from './desk.ts'
import type { Bringer } from './heads.ts'

type Env = { Bindings: HttpBindings }

const SMALL = 8192

/** Calls about payment on the attested port (paper §6), below `/dcml/v1`. */
export function paymentRoutes(desk: PaymentDesk): Hono<Env> {
  const app = watchRoutes(desk, 'anyone')
  app.post('/get-challenge', (c) => json(c, formatWire(desk.challenge())))
  app.post('/establish-payment-channel', async (c) => json(c, formatWire(await desk.establish(await bundle(c)))))
  app.post('/top-up-payment-channel', async (c) => json(c, formatWire(await desk.topUp(await bundle(c)))))
  app.post('/accept-voucher', async (c) => {
    return json(c, formatWire(await desk.acceptVoucher(await read(c, wire.voucher))))
  })
  app.post('/request-channel-closure', async (c) => {
    const question = await read(c, wire.closure, MAX_BUNDLE_BYTES)
    return c.json({ approval: await desk.requestClosure(question) })
  })
  return app
}

/** What a watcher asks, on either port. */
function watchRoutes(desk: PaymentDesk, by: Bringer): Hono<Env> {
  const app = new Hono<Env>()
  app.get('/light-client', (c) => c.json({ state: desk.head() }))
  app.post('/light-client', async (c) => {
    await desk.follow(await read(c, wire.blocks, MAX_BUNDLE_BYTES), by)
    return c.json({ state: desk.head() })
  })
  app.post('/answer-closure', async (c) => c.json({ approval: await desk.answerClosure(await bundle(c), by) }))
  app.post('/forget-channel', async (c) => {
    await desk.forget(await bundle(c), by)
    return c.json({})
  })
  return app
}

/** The host's own wish, or a payer's that came to its node of Proof of Response. */
const hostClosure = v.union([wire.closure, wire.hostClosure])

/** What the host may ask on its own port: to end a channel, the amounts of all, and what its watcher asks. */
export function hostPaymentRoutes(desk: PaymentDesk): Hono<Env> {
  const app = watchRoutes(desk, 'host')
  app.post('/request-channel-closure', async (c) => {
    const question = await read(c, hostClosure, MAX_BUNDLE_BYTES)
    const approval =
      'request' in question ? desk.requestClosure(question, 'host') : desk.closeForHost(question.channelId)
    return c.json({ approval: await approval })
  })
  app.get('/channels', (c) => json(c, JSON.stringify({ channels: [...desk.entries()] }, plain)))
  return app
}

const read = async <S extends v.GenericSchema>(c: Context<Env>, schema: S, limit = SMALL): Promise<v.InferOutput<S>> =>
  parseJson(schema, await readBody(c.env.incoming, limit))
const bundle = (c: Context<Env>) => read(c, wire.bundle, MAX_BUNDLE_BYTES)
const json = (c: Context<Env>, text: string): Response => c.body(text, 200, { 'content-type': 'application/json' })
const plain = (_: string, value: unknown): unknown =>
  typeof value === 'bigint' ? value.toString() : value instanceof Uint8Array ? toHex(value) : value
