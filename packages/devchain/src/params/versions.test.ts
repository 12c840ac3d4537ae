import { expect, test } from 'vitest'
import { paramsFor } from './versions.ts'

test('figures of version 86 as its configuration snapshot has them', () => {
  const params = paramsFor(86)
  expect(params.fees.create_account).toEqual({
    sendSir: 500_000_000_000n,
    sendNotSir: 500_000_000_000n,
    execution: 7_200_000_000_000n,
  })
  expect(params.fees.function_call_per_byte.sendNotSir).toBe(47_683_715n)
  expect(params.extCosts.storage_write_base).toBe(64_196_736_000)
  expect(params.limits.max_total_prepaid_gas).toBe(10 ** 15)
  expect(params.economics.burntGasReward).toEqual([3n, 10n])
  expect(params.wasm).toMatchObject({ regularOpCost: 822_756, linearOpBaseCost: 26_328_192 })
  expect(params.wasm.minContractSizePerLocal).toBeUndefined()
})

test('version 87 ends the contract reward, bounds locals and state init, and adds SHA-3', () => {
  const params = paramsFor(87)
  expect(params.economics.burntGasReward).toEqual([0n, 1n])
  expect(params.wasm.minContractSizePerLocal).toBe(2)
  expect(params.limits.max_state_init_entries).toBe(1500)
  expect(params.wasm.limits.max_receipt_total_input_size).toBe(4_194_944)
  expect(params.extCosts.sha3_256_base).toBe(5_879_491_275)
  expect(paramsFor(86).extCosts.sha3_256_base).toBeUndefined()
  expect([paramsFor(86).flags.sha3_host_fns, params.flags.sha3_host_fns]).toEqual([false, true])
})

test('every gas figure is a whole number that a double holds', () => {
  for (const version of [86, 87] as const) {
    const { extCosts, limits } = paramsFor(version)
    for (const figure of [...Object.values(extCosts), ...Object.values(limits)])
      expect(Number.isSafeInteger(figure)).toBe(true)
  }
})
