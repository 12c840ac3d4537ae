import { utf8 } from '@dcml/protocol'
import { CLOSE_CHANNEL, type PorRequest } from '@dcml/protocol/por'
import pino from 'pino'
import { expect, test } from 'vitest'
import { Apps, type Handler } from './apps.ts'
import { muteFor } from './config.ts'

const log = pino({ level: 'silent' })
const request = (app: string) => ({ app, requester: 'alex', service: 5, maxResponse: 3 }) as PorRequest
const ask = (handler: Handler) => new Apps({ odd: handler }, log).answer(request('odd'), new Uint8Array(32), utf8('?'))

test('what a handler throws, or says beyond what was paid for, is no answer', async () => {
  await expect(ask(() => Promise.reject(new Error('no')))).resolves.toBe(null)
  await expect(ask(async () => ({ status: 0, payload: utf8('long') }))).resolves.toBe(null)
  const failure = { status: 2, payload: utf8('long') } as const
  await expect(ask(async () => failure)).resolves.toBe(failure)
})

test('a handler is told what the answer may take', async () => {
  const answer = await ask(async (_, { service, maxResponse }) => ({
    status: 0,
    payload: Uint8Array.of(service, maxResponse),
  }))
  expect(answer).toEqual({ status: 0, payload: Uint8Array.of(5, 3) })
})

test('a node is mute for closures where it serves them, and no stranger silences a relay by asking for one', () => {
  expect(muteFor(new Apps({}, log).names)).toEqual([])
  expect(muteFor(['dcml/ping', CLOSE_CHANNEL])).toEqual([CLOSE_CHANNEL])
})
