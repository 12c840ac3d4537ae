// One node as a process: sockets, TLS, store and chain as in life. Its parent tells it what to ask.
import { subscribe } from 'node:diagnostics_channel'
import type { Socket } from 'node:net'
import { accountFromKey, connectNear } from '@dcml/near'
import { porChain } from '@dcml/near/por'
import { type PorNode, startNode } from '@dcml/por/node'
import { DcmlError, equalBytes } from '@dcml/protocol'
import pino from 'pino'
import {
  DEBT_LIMIT,
  type Ended,
  GUARD,
  type NodeStage,
  type Order,
  PARAMS,
  PATIENCE,
  RATE,
  type Said,
  WAIT_CAP,
} from './stage.ts'

const say = (said: Said): void => void process.send!(said)

// a proxy sees a port only: whose it is, the dialler says
subscribe('net.client.socket', (message) => {
  const { socket } = message as { socket: Socket }
  socket.once('connect', () => {
    if (socket.localPort !== undefined) say({ dialled: socket.localPort })
  })
})
process.on('disconnect', () => process.exit())

const stage = await new Promise<NodeStage>((resolve) => process.once('message', (message) => resolve(message as never)))
const { account, contract, networkId, rpc, secretKey } = stage
const node = await startNode({
  chain: porChain({
    near: connectNear({ networkId, nodes: rpc, rounds: 8 }),
    account: accountFromKey(account, secretKey),
    contract,
  }),
  key: stage.seed,
  account,
  store: stage.store,
  listen: { host: '127.0.0.1', port: 0 },
  poll: 250,
  config: {
    guard: GUARD,
    debtLimit: DEBT_LIMIT,
    waitCap: WAIT_CAP,
    patience: ({ profit }) => (profit < -PATIENCE ? 'sever' : 'wait'),
  },
  limits: { heartbeat: 1000, handshake: 3000 },
  log: pino({ level: process.env.DCML_LOG ?? 'silent', base: { account } }, pino.destination(2)),
})
process.on('message', async (order: Order) => say({ done: order.id, value: await obey(node, order) }))
say({ ready: node.address!.port })

async function obey(node: PorNode, order: Order) {
  switch (order.order) {
    case 'request':
      return ask(node, order)
    case 'edges':
      return node.edges()
    case 'close':
      await node.close()
      return null
  }
}

type Question = Extract<Order, { order: 'request' }>

async function ask(node: PorNode, { target, payload, hold }: Question): Promise<Ended> {
  const began = performance.now()
  const options = { app: 'dcml/ping', maxCost: PARAMS.baseCost * 8n, budget: PARAMS.latency * 16, hold }
  const none = { isEcho: false, brokenEdge: null, code: null, cost: 0n, late: 0n }
  try {
    const result = await node.request(target, payload, { ...options, lateRate: RATE, maxResponse: 256 })
    const ended = { ...none, cost: result.cost, late: result.late, ms: performance.now() - began }
    if ('broken' in result) return { ...ended, kind: 'broken', brokenEdge: result.broken.edgeId }
    return { ...ended, kind: 'response', isEcho: equalBytes(result.response.payload, payload) }
  } catch (error) {
    const code = DcmlError.isInstance(error) ? error.code : `${error}`
    return { ...none, kind: 'failed', code, ms: performance.now() - began }
  }
}
