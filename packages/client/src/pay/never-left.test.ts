// What a payer lets an enclave charge without a receipt grows with every request that may have reached it, and no other.
import { DcmlError } from '@dcml/protocol'
import { expect, test } from 'vitest'
import { ask, codeOf, disk, World } from '../../test/pay/world.ts'
import type { Transport } from '../transport.ts'

async function unaccountedAfter(code: string): Promise<bigint> {
  const world = await World.create()
  const inner = world.enclave.transport()
  const transport: Transport = {
    close() {},
    send(request) {
      if (request.target === '/v1/chat/completions') throw new DcmlError(code, 'It failed.', { hint: 'Ask again.' })
      return inner.send(request)
    },
  }
  const client = world.client(transport)
  const store = disk()
  await client.pay({ ...world.options(), store })
  expect(await codeOf(() => ask(client))).toBe(code)
  const { state } = await store.load()
  return BigInt((JSON.parse(state!) as { payer: { unaccounted: string } }).payer.unaccounted)
}

test.each(['evidence_missing', 'headers_too_large', 'browser_unsupported', 'secure_context_required'])(
  '%s: the request never left',
  async (code) => expect(await unaccountedAfter(code)).toBe(0n),
)

test.each(['channel_lost', 'channel_truncated', 'channel_tampered', 'response_timeout'])(
  '%s: the enclave may have it',
  async (code) => expect(await unaccountedAfter(code)).toBeGreaterThan(0n),
)
