import { IncomingMessage, ServerResponse } from 'node:http'
import { Socket } from 'node:net'
import type { OpenedRequest } from '@dcml/attestation'
import { expect, test, vi } from 'vitest'
import { relay } from './relay.ts'

test('nothing is asked for who left while the request was opened', async () => {
  const outgoing = new ServerResponse(new IncomingMessage(new Socket()))
  outgoing.destroy()
  const call = vi.fn()
  const head = { method: 'POST', path: '/v1/chat/completions', headers: [] }
  const request: OpenedRequest = { head, body: new Uint8Array(1), answer: vi.fn() }
  await relay(request, outgoing, { call, stallMs: 1000 })
  expect(call).not.toHaveBeenCalled()
})
