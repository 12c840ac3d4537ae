// A peer that does as it likes, on a socket of its own.
import { connect as connectTcp, type Socket } from 'node:net'
import { connect, type TLSSocket } from 'node:tls'
import { encodeFrame } from '../../wire/frames.ts'
import type { Message, MessageBody } from '../../wire/messages.ts'
import { nodeKeys } from '../keys.ts'
import type { PorNode } from '../options.ts'

export interface Impostor {
  readonly socket: Socket
  /** Bytes it was sent. */
  readonly received: () => number
  send(message: Message): void
  readonly closed: Promise<void>
}

function watched(socket: Socket): Impostor {
  let received = 0
  socket.on('error', () => {})
  socket.on('data', (chunk: Uint8Array) => {
    received += chunk.length
  })
  return {
    socket,
    received: () => received,
    send: (message) => void socket.write(encodeFrame(message)),
    closed: new Promise((resolve) => socket.on('close', () => resolve())),
  }
}

/** @param seed of the key that it shows; null for none */
export function connectAs(seed: Uint8Array | null, node: PorNode, protocol = 'dcml-por/1'): Promise<Impostor> {
  const socket: TLSSocket = connect({
    ...node.address!,
    ...(seed && nodeKeys(seed).tls),
    rejectUnauthorized: false,
    ALPNProtocols: [protocol],
  })
  const impostor = watched(socket)
  return new Promise((resolve) => {
    socket.on('secureConnect', () => resolve(impostor))
    socket.on('close', () => resolve(impostor))
  })
}

export const connectRaw = (node: PorNode): Impostor => watched(connectTcp(node.address!))

export const helloOf = (account: string, edgeId: bigint, change: Partial<MessageBody<'hello'>> = {}): Message => ({
  type: 'hello',
  version: 1,
  networkId: 'testnet',
  contract: 'por.testnet',
  account,
  edgeId,
  paid: null,
  received: null,
  window: 16,
  ...change,
})
