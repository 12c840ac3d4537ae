import { createDevchain } from '@dcml/devchain'
import { beforeAll, expect, test } from 'vitest'
import { CHANNEL_STORAGE, CLOSE_FEE, challengeOf, Key, MILLI, modelWasm, NEAR, OWNER_PRICES, HOST_PRICES, World, PROVIDER_STORAGE } from './world.ts'
let wasm: Uint8Array
beforeAll(async () => { wasm = await modelWasm() })
test('try', () => {
  const w = new World(wasm, { protocolVersion: 86 })
  w.host()
  const r = w.call(w.alice, 'open_channel', w.openArgs(), { deposit: 10n * NEAR + CHANNEL_STORAGE })
  const c = w.call(w.stranger, 'close', w.approval({ channelId: 1n, promptTokens: 100n, completionTokens: 200n }))
  console.log('close', Number(c.gasBurnt) / 1e12, c.trace.root.children.map(c => [Number(c.outcome!.gasBurnt) / 1e12, c.outcome!]), JSON.stringify(c.trace.root.children[0]!.children.map(x=>[Number(x.outcome!.gasBurnt)/1e12, x.children.length])))
})
