// HTTP around the dispatcher, as nearcore's: POST / for JSON-RPC, GET for status and health, open to every origin.
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { DcmlError } from '@dcml/protocol'
import type { Chain } from '../chain/chain.ts'
import { parseFault } from './fault.ts'
import { handleRpc, type RpcReply, refused } from './handle.ts'
import { toJson } from './json.ts'
import { status } from './methods/node.ts'
import type { NodeInfo, RpcContext } from './types.ts'

export interface RpcServerOptions {
  /** Default `127.0.0.1`. */
  readonly host?: string
  /** Default 0: one that is free. */
  readonly port?: number
  /** Bytes of a request; default 10 MiB, nearcore's. */
  readonly bodyLimit?: number
  /** See {@link NodeInfo}; default 10,000. */
  readonly pollingTimeoutMs?: number
  /** See {@link NodeInfo}; default 50,000 bytes, as a node's. */
  readonly viewStateLimit?: number | null
}

/** A chain's RPC on a port. */
export interface RpcServer {
  readonly url: string
  readonly port: number
  /** Refuses new connections and ends those that are idle; resolves when all are gone. */
  close(): Promise<void>
}

// an import of node:http also loads Node's WebSocket client, which takes longer than all the rest of a start
const { createServer } = process.getBuiltinModule('node:http')

const MIB = 1024 * 1024
const CORS = {
  'access-control-allow-origin': '*',
  'access-control-allow-methods': 'GET, POST, OPTIONS',
  'access-control-allow-headers': 'authorization, accept, content-type',
  'access-control-max-age': '3600',
}

/** @throws DcmlError `devchain_listen_failed` where the port is taken or not allowed */
export async function serveRpc(chain: Chain, options: RpcServerOptions = {}): Promise<RpcServer> {
  const { host = '127.0.0.1', port = 0, bodyLimit = 10 * MIB } = options
  let rpcAddr: string | null = null
  const node: NodeInfo = {
    get rpcAddr() {
      return rpcAddr
    },
    startedAt: Date.now(),
    pollingTimeoutMs: options.pollingTimeoutMs ?? 10_000,
    viewStateLimit: options.viewStateLimit === undefined ? 50_000 : options.viewStateLimit,
  }
  const context: RpcContext = { chain, node }
  const server = createServer((request, response) => {
    answer(context, bodyLimit, request, response).catch(() => response.destroy())
  })
  const address = await listen(server, host, port)
  rpcAddr = `${host}:${address.port}`
  const shown = host === '0.0.0.0' ? '127.0.0.1' : host
  return {
    url: `http://${shown}:${address.port}`,
    port: address.port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeIdleConnections()
      }),
  }
}

const listen = (server: Server, host: string, port: number): Promise<AddressInfo> =>
  new Promise((resolve, reject) => {
    server.once('error', (cause) =>
      reject(
        new DcmlError('devchain_listen_failed', `Cannot listen on ${host}:${port}: ${cause.message}`, {
          hint: 'Choose another port, or 0 for any that is free.',
          cause,
        }),
      ),
    )
    server.listen(port, host, () => resolve(server.address() as AddressInfo))
  })

async function answer(
  context: RpcContext,
  bodyLimit: number,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const path = request.url?.split('?', 1)[0]
  const get = request.method === 'GET' || request.method === 'HEAD'
  if (request.method === 'OPTIONS') return write(response, 204, '')
  if (get && path === '/status') return write(response, 200, toJson(status(context)))
  if (get && path === '/health') return write(response, 200, '')
  if (request.method !== 'POST' || path !== '/') return write(response, get || path !== '/' ? 404 : 405, '')
  const tooLarge = Number(request.headers['content-length'] ?? 0) > bodyLimit
  const body = tooLarge ? null : await readBody(request, bodyLimit).catch(() => undefined)
  if (body === undefined) return // the client went away
  if (body === null) return write(response, 413, '', { connection: 'close' })
  const { status: code, text } = await replyTo(context, body)
  write(response, code, text)
}

async function replyTo(context: RpcContext, body: Buffer): Promise<{ status: number; text: string }> {
  try {
    return written(await handleRpc(context, JSON.parse(body.toString('utf8'))))
  } catch (error) {
    // no JSON, or an id nested deeper than can be written back
    return written(refused(null, parseFault((error as Error).message)))
  }
}

const written = ({ status: code, body }: RpcReply) => ({ status: code, text: toJson(body) })

/** Null when the body is larger than the limit. */
async function readBody(request: IncomingMessage, limit: number): Promise<Buffer | null> {
  const parts: Buffer[] = []
  let size = 0
  for await (const part of request as AsyncIterable<Buffer>) {
    size += part.length
    if (size > limit) return null
    parts.push(part)
  }
  return Buffer.concat(parts, size)
}

function write(response: ServerResponse, code: number, body: string, headers: Record<string, string> = {}): void {
  const bytes = Buffer.from(body)
  response.writeHead(code, {
    ...CORS,
    ...headers,
    ...(bytes.length > 0 && { 'content-type': 'application/json' }),
    'content-length': bytes.length,
  })
  response.end(bytes)
}
