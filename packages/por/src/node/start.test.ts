import { afterEach, expect, test } from 'vitest'
import { areConnected, type Line, nameOf, startLine, until } from './testing/line.ts'

const NEAR = 10n ** 24n
const ask = { app: 'dcml/ping', maxCost: NEAR, budget: 10_000, hold: 5_000 } as const
const payload = new TextEncoder().encode('are you there?')

let line: Line
afterEach(() => line.close())

test('a request crosses three edges and comes back signed', async () => {
  line = await startLine(4)
  await areConnected(...line.nodes)
  const result = await line.nodes[0]!.request(nameOf(3), payload, ask)
  expect(result).toMatchObject({ response: { status: 0, payload }, late: 0n })
  await until(async () => (await line.registries[3]!.metrics()).includes('dcml_por_served_total{status="0"} 1'))
})
