// The devchain, as `dcml devchain --data` keeps it. The first start makes the accounts and the contract.
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createDevchain } from '@dcml/devchain'
import { toHex } from '@dcml/protocol'
import { CHAIN_ID, CLOSE_FEE, MODEL_H, PRICES, type Stage, say } from './stage.ts'

const NEAR = 10n ** 24n
const HOUR = 3_600_000

export async function runChain({ folder, ports }: Stage): Promise<void> {
  const data = join(folder, 'chain')
  const isNew = !existsSync(data)
  const chain = createDevchain({ chainId: CHAIN_ID, data, clock: Date.now, mining: { mode: 'interval', ms: 100 } })
  if (isNew) {
    for (const name of ['alice', 'bob', 'gas', 'charlie', 'treasury'])
      chain.root.createAccount(name, { balance: 100_000n * NEAR })
    const contract = chain.root.createAccount('model', { balance: 100n * NEAR })
    contract.deploy(readFileSync(new URL('../../../../contracts/model/model.wasm', import.meta.url)), {
      method: 'open',
      args: {
        owner: 'charlie.test.near',
        beneficiary: 'treasury.test.near',
        model_h: toHex(MODEL_H),
        prices: { input: `${PRICES.ownerInput}`, output: `${PRICES.ownerOutput}` },
        image_hs: ['22'.repeat(32)],
        challenge_period_ms: `${HOUR}`,
        expiry_ms: `${24 * HOUR}`,
        close_fee: `${CLOSE_FEE}`,
      },
    })
    chain.mine(4)
  }
  const server = await chain.serve({ port: ports.chain })
  const keyOf = (name: string) => {
    const { accountId, key } = chain.account(`${name}.test.near`)
    return { accountId, secretKey: key.secretKey }
  }
  say({
    event: 'ready',
    url: server.url,
    keys: Object.fromEntries(['alice', 'bob', 'charlie', 'gas'].map((name) => [name, keyOf(name)])),
  })
}
