import type { IncomingMessage } from 'node:http'
import type { TLSSocket } from 'node:tls'
import { parseAttestRequest } from '@dcml/attestation'
import type { PeerExchange } from '@dcml/attestation/node'
import { DcmlError } from '@dcml/protocol'
import type { HttpBindings } from '@hono/node-server'
import { Hono } from 'hono'
import type * as v from 'valibot'
import { parseJson, readBody } from '../../api/body.ts'
import { PassLimits } from '../../keys/pass-limits.ts'
import type { PeerMemory } from './memory.ts'
import { CALLS, formatMessage, introduceSchema, recallSchema, rememberSchema } from './wire.ts'

/** Room for evidence in base64url. */
const MAX_INTRODUCTION_BYTES = 2 * 1024 * 1024
const MAX_MESSAGE_BYTES = 4096
/** Evidence judged at once. */
const MAX_INTRODUCTIONS = 8

/**
 * What an enclave answers that remembers for others: to enclaves of its own image alone, which introduce themselves once
 * for each connection.
 */
export function quorumRoutes(options: {
  exchange: PeerExchange
  memory: PeerMemory
  clock: () => number
}): Hono<{ Bindings: HttpBindings }> {
  const { exchange, memory } = options
  const app = new Hono<{ Bindings: HttpBindings }>()
  const introduced = new WeakSet<TLSSocket>()
  const limits = new PassLimits(MAX_INTRODUCTIONS, options.clock)

  app.get('/evidence', async (c) => {
    const request = parseAttestRequest(new URL(c.req.url).searchParams)
    const answer = await exchange.attest(c.env.incoming.socket as TLSSocket, request)
    return c.json(answer, 200, { 'cache-control': 'no-store' })
  })

  app.post(CALLS.introduce, async (c) => {
    const socket = c.env.incoming.socket as TLSSocket
    const { evidence } = parseJson(introduceSchema, await readBody(c.env.incoming, MAX_INTRODUCTION_BYTES))
    const caller = socket.remoteAddress ?? ''
    await limits.run({ caller, target: `${caller} ${socket.remotePort}` }, () => exchange.admit(socket, evidence))
    introduced.add(socket)
    return c.json({})
  })

  const read = async <S extends v.GenericSchema>(schema: S, incoming: IncomingMessage): Promise<v.InferOutput<S>> => {
    if (!introduced.has(incoming.socket as TLSSocket)) throw unknownPeer()
    return parseJson(schema, await readBody(incoming, MAX_MESSAGE_BYTES))
  }

  app.post(CALLS.recall, async (c) => {
    const { register, term } = await read(recallSchema, c.env.incoming)
    return c.body(formatMessage(memory.recall(register, term)), 200, JSON_TYPE)
  })

  app.post(CALLS.remember, async (c) => {
    const { register, held } = await read(rememberSchema, c.env.incoming)
    return c.body(formatMessage(memory.remember(register, held)), 200, JSON_TYPE)
  })

  return app
}

const JSON_TYPE = { 'content-type': 'application/json' }

const unknownPeer = (): DcmlError =>
  new DcmlError('peer_challenge_missing', 'This connection has not introduced itself.', {
    hint: 'Ask for evidence with purpose peer-responder on the same connection, then introduce yourself with your own.',
  })
