import { DcmlError } from '@dcml/protocol'
import { expect, test } from 'vitest'
import { Credit } from './credit.ts'

const refused = async (): Promise<never> => {
  throw new DcmlError('near_transaction_failed', 'no such channel', { hint: '-' })
}

test('a day of calls that the contract refuses costs the gas of some forty', async () => {
  const credit = new Credit(30_000)
  let calls = 0
  for (let now = 0; now < 86_400_000; now += 250) {
    if (!credit.allows(now)) continue
    calls++
    await credit.pay(refused, () => now).catch(() => {})
  }
  expect(calls).toBeLessThan(40)
  expect(calls).toBeGreaterThan(24)
})

test('one call at a time; a success, and what never reached the contract, cost no patience', async () => {
  const credit = new Credit(30_000)
  await expect(
    credit.pay(
      () => Promise.reject(new Error('network')),
      () => 0,
    ),
  ).rejects.toThrow('network')
  expect(credit.allows(0)).toBe(true)
  const paid = credit.pay(
    async () => 'done',
    () => 0,
  )
  expect(credit.allows(0)).toBe(false)
  expect(await paid).toBe('done')
  expect(credit.allows(0)).toBe(true)
})
