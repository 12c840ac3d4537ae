import { beforeAll, expect, test } from 'vitest'
import { measureGas } from './gas.ts'
import { modelWasm } from './world.ts'

const TERA = 10n ** 12n

let wasm: Uint8Array
beforeAll(async () => {
  wasm = await modelWasm()
})

test('gas: each method takes 15 Tgas at most with all it leads to, those that ask another contract 20', () => {
  const gas = measureGas(wasm)
  for (const [method, { own, all }] of gas) {
    expect(own, method).toBeLessThanOrEqual(15n * TERA)
    expect(all, method).toBeLessThanOrEqual((method.startsWith('close_') ? 20n : 15n) * TERA)
  }
  expect(gas.size).toBe(22)
})

test('gas: no method costs more among many channels than among ten', () => {
  const [few, many] = [measureGas(wasm, 10), measureGas(wasm, 20_000)]

  for (const [method, { all }] of many) expect(Number(all) / Number(few.get(method)?.all), method).toBeLessThan(1.05)
})
