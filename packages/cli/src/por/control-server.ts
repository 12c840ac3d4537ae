// A running node answers the owner of its store: over a socket in that folder, which only the owner can open.
import { chmod, rm } from 'node:fs/promises'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { join } from 'node:path'
import type { PorNode } from '@dcml/por/node'
import { DcmlError, fromHex } from '@dcml/protocol'
import * as v from 'valibot'
import { accepting, asking, cutting, updating } from './control-schema.ts'
import { tellEdges, tellIsolate, tellOffer, tellRequest } from './telling.ts'

/** Path of the socket in a store. */
export const socketIn = (store: string): string => join(store, 'control.sock')

const MAX_BODY = 256 * 1024

/** Serves until closed; the store's lock has seen to it that no other node of this store runs. */
export async function serveControl(node: PorNode, store: string): Promise<{ close(): Promise<void> }> {
  const path = socketIn(store)
  const server = createServer((request, response) => {
    answer(node, request, response).catch((error) => fail(response, error))
  })
  await rm(path, { force: true })
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(path, resolve))
  await chmod(path, 0o600)
  return {
    async close() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

async function answer(node: PorNode, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const call = `${request.method} ${request.url}`
  if (call === 'GET /edges') return end(response, tellEdges(node.edges()))
  if (call === 'POST /cut') {
    node.cut(parse(cutting, await bodyOf(request)).edgeId)
    return end(response, {})
  }
  if (call === 'POST /update') {
    const { edgeId, params, effectiveFrom } = parse(updating, await bodyOf(request))
    return end(response, tellOffer(node.offerUpdate(edgeId, params, effectiveFrom)))
  }
  if (call === 'POST /accept') {
    const { edgeId, terms } = parse(accepting, await bodyOf(request))
    return end(response, tellOffer(await node.acceptUpdate(edgeId, fromHex(terms))))
  }
  if (call !== 'POST /request' && call !== 'POST /isolate')
    throw new DcmlError('control_unknown', `A node does not know "${call}".`, { hint: 'Use the dcml of its version.' })
  const { target, payload, ...options } = parse(asking, await bodyOf(request))
  const gone = new AbortController()
  response.once('close', () => gone.abort())
  const onLate = (amount: bigint) => response.write(line({ late: amount }))
  const about = { ...options, onLate, signal: gone.signal }
  const told =
    call === 'POST /request'
      ? tellRequest(await node.request(target, payload, about))
      : tellIsolate(await node.isolate(target, payload, about))
  end(response, told)
}

const line = (value: unknown): string =>
  `${JSON.stringify(value, (_, inner) => (typeof inner === 'bigint' ? `${inner}` : inner))}\n`

function end(response: ServerResponse, value: unknown): void {
  response.end(line(value))
}

function fail(response: ServerResponse, error: unknown): void {
  const known = DcmlError.isInstance(error)
    ? error
    : new DcmlError('por_node_failed', 'The node could not do that.', { hint: 'Its log says more.', cause: error })
  if (!response.headersSent) response.statusCode = 400
  end(response, { error: known.toJSON() })
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  let body = ''
  for await (const chunk of request.setEncoding('utf8')) {
    body += chunk
    if (body.length > MAX_BODY) throw invalid()
  }
  return body
}

function parse<S extends v.GenericSchema>(schema: S, body: string): v.InferOutput<S> {
  try {
    return v.parse(schema, JSON.parse(body))
  } catch (cause) {
    throw invalid(cause)
  }
}

const invalid = (cause?: unknown): DcmlError =>
  new DcmlError('control_invalid', 'A node cannot read what it is asked.', {
    hint: 'Use the dcml of its version.',
    cause,
  })
