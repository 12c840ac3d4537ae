import { type Bundle, MAX_BUNDLE_BLOCKS, PAYMENT_CALLS } from '@dcml/channels'
import { formatTrustRoot } from '@dcml/light-client'
import { expect, onTestFinished, test, vi } from 'vitest'
import { MadeUpChain, producer } from '../../../light-client/test/made-up-chain.ts'
import { head } from '../../test/pay/fake-chain.ts'
import { codeOf } from '../../test/pay/world.ts'
import type { OutgoingRequest } from '../transport.ts'
import { Desk, type Send } from './desk.ts'

const amounts = JSON.stringify({ channelId: '1', deposited: '2', authorised: '0', spent: '0' })
const state = JSON.stringify({ state: formatTrustRoot(head) })

/** A desk whose enclave answers the same to each call. */
function deskOf(answer: (target: string) => [status: number, body: string]) {
  const asked: { target: string; json: Partial<Bundle> }[] = []
  const send = async ({ target, body }: OutgoingRequest) => {
    asked.push({ target, json: JSON.parse(new TextDecoder().decode(body) || '{}') })
    const [status, text] = answer(target)
    return { status, statusText: '', headers: new Headers(), body: new Response(text).body, session: {} as never }
  }
  return { desk: new Desk(send), asked }
}

test('a way of more blocks than a bundle holds is gone in several calls, each from where the last one ended', async () => {
  const chain = new MadeUpChain({ producers: () => [producer('pool')] }).produceTo(MAX_BUNDLE_BLOCKS + 12)
  const heights = Array.from({ length: MAX_BUNDLE_BLOCKS + 10 }, (_, i) => i + 1)
  const blocks = heights.map((height) => chain.lightClientBlock(height))
  const bundle = { from: chain.hashes[0]!, blocks, proof: { transaction: '', outcomes: [] } }
  const { desk, asked } = deskOf((target) => [200, target === PAYMENT_CALLS.lightClient ? state : amounts])
  expect(await desk.prove('open', bundle)).toMatchObject({ channelId: 1n, deposited: 2n })
  expect(asked.map(({ target, json }) => [target, json.from, json.blocks?.length])).toEqual([
    [PAYMENT_CALLS.lightClient, chain.hashes[0], MAX_BUNDLE_BLOCKS],
    [PAYMENT_CALLS.establish, chain.hashes[MAX_BUNDLE_BLOCKS], 10],
  ])
})

test('what the enclave refuses with is told by its own code, and what cannot be read is not guessed', async () => {
  const error = { code: 'channel_challenge_unknown', message: 'No.', hint: 'Ask again.', retryable: true, details: {} }
  const said = (status: number, body: string) =>
    codeOf(() => deskOf(() => [status, body]).desk.acceptVoucher({ voucher: 'x' }))
  expect(await said(400, JSON.stringify({ error }))).toBe('channel_challenge_unknown')
  expect(await said(500, '{}')).toBe('host_error')
  expect(await said(500, JSON.stringify({ error: { ...error, code: 'Not a code' } }))).toBe('host_error')
  expect(await said(200, '{}')).toBe('wire_invalid')
  expect(await said(200, '<html>')).toBe('response_malformed')
  expect(await said(200, `"${'x'.repeat(5 * 1024 * 1024)}"`)).toBe('response_malformed')
})

test('an answer that comes in drops ends as none, so that a channel can be closed without it', async () => {
  vi.useFakeTimers()
  onTestFinished(() => void vi.useRealTimers())
  const dripping: Send = async ({ signal }) => ({
    ...{ status: 200, statusText: '', headers: new Headers(), session: {} as never },
    body: new ReadableStream({
      start(controller) {
        signal.addEventListener('abort', () => controller.error(signal.reason))
      },
    }),
  })
  const answer = codeOf(() => new Desk(dripping).requestClosure('request'))
  await vi.advanceTimersByTimeAsync(120_000)
  expect(await answer).toBe('response_timeout')
})
