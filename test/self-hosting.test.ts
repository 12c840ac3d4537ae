// Paper §6: the user of a model hosts it alone, on a machine without a network, and tries not to pay.

import { development } from '@dcml/attestation'
import { memoryAntiRollback } from '@dcml/channels/testing'
import { createClient } from '@dcml/client'
import { accountFromKey } from '@dcml/near'
import { modelWallet } from '@dcml/near/model'
import { expect, test } from 'vitest'
import { startPaidHost } from './paid-host.ts'

const MILLI = 10n ** 21n
const prices = { ownerInput: MILLI / 100n, ownerOutput: MILLI, hostInput: MILLI / 100n, hostOutput: MILLI / 2n }
const DEPOSIT = 100n * MILLI
const HOUR = 3_600_000
const CLOSE_FEE = MILLI

test('payer = host, no network after opening: uses all it deposited, closes unanswered, and has paid more than honesty costs', async () => {
  const device = { ...memoryAntiRollback(), name: 'memory', environment: 'development' as const }
  await using host = await startPaidHost({ antiRollback: device, prices, challengePeriodMs: HOUR })
  const { bob, charlie, chain, contract } = host
  const client = createClient({
    endpoint: host.endpoint,
    policy: development({ imageH: [host.imageH] }),
    roots: [host.rootPem],
  })
  const account = accountFromKey(bob.accountId, bob.key.secretKey)
  // what is Bob's, wherever it lies
  const free = () => BigInt(chain.account(contract).view<{ free: string }>('provider', { account: bob.accountId }).free)
  const wealth = () => ({ bob: bob.balance + free(), charlie: charlie.balance })
  const before = wealth()

  const payer = await client.pay({
    wallet: modelWallet({ near: host.near, account, contract }),
    provider: bob.accountId,
    deposit: DEPOSIT,
    perRequestLimit: DEPOSIT,
    step: MILLI,
  })
  await host.cutNetwork()

  const ask = async (): Promise<void> => {
    const response = await client.fetch('/v1/completions', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ prompt: 'What of our liberties?', max_tokens: 24, ignore_eos: true, stream: true }),
    })
    const text = await response.text()
    if (!response.ok) throw new Error(text)
  }
  await expect(async () => {
    for (;;) await ask()
  }).rejects.toMatchObject({ code: 'payment_deposit_exhausted' })
  const { spent } = payer.amounts()
  expect(DEPOSIT - spent).toBeLessThan(40n * MILLI)

  // back on the network, Bob plays Alice and never asks his enclave
  const channel_id = `${payer.channelId}`
  bob.call(contract, 'start_close', { channel_id }, { deposit: CLOSE_FEE })
  expect(() => bob.call(contract, 'finish_close', { channel_id })).toThrow(/challenge period/)
  chain.advanceTime(HOUR)
  bob.call(contract, 'finish_close', { channel_id })
  const after = wealth()
  expect(after.charlie - before.charlie).toBe(DEPOSIT)
  // of what he used, two thirds at most were Charlie's: that is what honesty would have cost him
  expect(before.bob - after.bob).toBeGreaterThanOrEqual(DEPOSIT)
  expect((spent * 2n) / 3n).toBeLessThan(DEPOSIT)
  client.close()
})
