// A node in a process of its own, that its parent can kill at any time. The chain is the parent's.

import { DcmlError } from '@dcml/protocol'
import type { PorChain } from '@dcml/protocol/por'
import pino from 'pino'
import { startNode } from '../start.ts'
import type { Answered, ChildOptions, Order } from './process-node.ts'

const calls = new Map<number, PromiseWithResolvers<unknown>>()
let next = 0

const call = (method: string, args: readonly unknown[]): Promise<never> => {
  const waiting = Promise.withResolvers<unknown>()
  calls.set(++next, waiting)
  process.send!({ call: next, method, args })
  return waiting.promise as Promise<never>
}

function remoteChain(chain: PorChain['chain']): PorChain {
  const methods = [
    'graph',
    'changes',
    'sever',
    'submitVoucher',
    'updateEdge',
    'startClose',
    'cooperativeClose',
    'settle',
  ]
  const all = [...methods, 'reportPartition', 'disconnectedSince']
  const entries = all.map((method) => [method, (...args: unknown[]) => call(method, args)])
  return { chain, ...Object.fromEntries(entries) } as PorChain
}

function answered({ call: id, value, error }: Answered): void {
  const waiting = calls.get(id)
  calls.delete(id)
  if (error === undefined) waiting?.resolve(value)
  else waiting?.reject(new Error(error))
}

const options = await new Promise<ChildOptions>((resolve) =>
  process.once('message', (message) => resolve(message as never)),
)
process.on('message', (message: Answered | Order) => {
  if ('call' in message) answered(message)
})
const node = await startNode({
  ...options,
  chain: remoteChain(options.chain),
  log: pino({ level: process.env.DCML_LOG ?? 'silent' }),
  poll: 50,
})
process.on('message', async (message: Answered | Order) => {
  if ('call' in message) return
  try {
    const value =
      message.order === 'edges' ? node.edges() : await node.request(message.target, message.payload, message.options)
    process.send!({ done: message.id, value })
  } catch (error) {
    process.send!({ done: message.id, error: DcmlError.isInstance(error) ? error.code : String(error) })
  }
})
process.send!({ address: node.address })
process.on('disconnect', () => process.exit())
