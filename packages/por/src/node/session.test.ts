import { EventEmitter } from 'node:events'
import type { TLSSocket } from 'node:tls'
import { expect, test } from 'vitest'
import { SESSION_LIMITS } from './limits.ts'
import { Session } from './session.ts'

/** A socket whose other end reads nothing. */
class Stuck extends EventEmitter {
  writableLength = 0
  writableCorked = 0
  destroyed = false
  setNoDelay(): void {}
  cork(): void {}
  uncork(): void {}
  write(bytes: Uint8Array): boolean {
    this.writableLength += bytes.length
    return false
  }
  destroy(): void {
    this.destroyed = true
  }
}

function stuck() {
  const socket = new Stuck()
  const codes: string[] = []
  const limits = { ...SESSION_LIMITS, queued: 1000 }
  const session = new Session(socket as unknown as TLSSocket, limits, {
    message: () => {},
    closed: (code) => codes.push(code),
  })
  session.start()
  return { socket, session, codes }
}
const ack = { type: 'ack', requestHash: new Uint8Array(32), edgeId: 1n, window: 1 } as const

test('a neighbour that does not read is left, before much piles up', () => {
  const { socket, session, codes } = stuck()
  for (let i = 0; i < 1000; i++) session.send(ack)
  expect(codes).toEqual(['por_session_backlog'])
  expect(socket.destroyed).toBe(true)
  expect(socket.writableLength).toBeLessThan(1100)
})

test('an end is told once, whatever follows', () => {
  const { socket, session, codes } = stuck()
  session.close('por_first')
  session.close('por_second')
  socket.emit('close')
  socket.emit('data', Uint8Array.of(1, 2, 3, 255))
  expect(codes).toEqual(['por_first'])
})
