// A page that pays: opening, vouchers in the middle of a stream, and closing, all inside the channel.
import { development } from '@dcml/attestation'
import { createClient } from '@dcml/client/browser'
import { accountFromKey } from '@dcml/near'
import { model, modelWallet } from '@dcml/near/model'
import { expect, test, vi } from 'vitest'
import { simulator } from './harness.ts'
import { costOf, NEAR, servePaid, startScene } from './paid.ts'

const ORIGIN = 'https://chat.example'

test('a page opens a channel, pays a stream step by step, and closes', async () => {
  const scene = await startScene()
  const browser = { listen: { host: '127.0.0.1', port: 0 }, origins: [ORIGIN] }
  const paid = await servePaid(scene, { browser, limits: { paymentStep: 8, paymentMs: 5_000 } })
  const realFetch = globalThis.fetch
  const endpoint = `http://127.0.0.1:${paid.runtime.browserAddress!.port}`
  vi.stubGlobal('fetch', (input: URL, init: RequestInit = {}) =>
    realFetch(input, String(input).startsWith(endpoint) ? { ...init, headers: { origin: ORIGIN } } : init),
  )
  const client = createClient({ endpoint, policy: development(), roots: [simulator.rootDer] })
  try {
    const owner = scene.chain.account('charlie.test.near')
    await model(scene.near, scene.contract).set_images(
      { image_hs: [paid.runtime.imageH] },
      { account: accountFromKey(owner.accountId, owner.key.secretKey) },
    )
    const body = JSON.stringify({ messages: [{ role: 'user', content: 'count to 40' }], stream: true })
    const ask = () => client.fetch('/v1/chat/completions', { method: 'POST', body })
    expect((await ask()).status).toBe(402)

    const { accountId, key } = scene.alice
    const account = accountFromKey(accountId, key.secretKey)
    const payer = await client.pay({
      wallet: modelWallet({ near: scene.near, account, contract: scene.contract }),
      provider: scene.bob.accountId,
      deposit: NEAR,
      perRequestLimit: costOf(2000, 2000),
      step: costOf(0, 4),
    })
    const text = await (await ask()).text()
    expect(text).toContain('w39')
    expect(text.endsWith('data: [DONE]\n\n')).toBe(true)
    const [record] = await Array.fromAsync(client.receipts.list())
    expect(record?.verdict.ok).toBe(true)
    expect(payer.amounts().spent).toBeGreaterThan(costOf(0, 39))
    await payer.close()
    const { settled, spent } = payer.amounts()
    expect(settled).toBe(spent)
  } finally {
    vi.unstubAllGlobals()
    client.close()
    await paid[Symbol.asyncDispose]()
    await scene.stop()
  }
})
