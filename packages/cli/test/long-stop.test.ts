// An enclave that nobody brought a block for many epochs still answers for its host's lock: the watcher takes it there.
import { accountFromKey } from '@dcml/near'
import { runWatcher } from '@dcml/watcher'
import pino from 'pino'
import { expect, onTestFinished, test, vi } from 'vitest'
import { servePaid, startScene } from '../../runtime/test/paid.ts'

const EPOCHS = 135
const BLOCK_MS = 2_000

test('long-stop: the watcher takes an enclave over more epochs than one bundle holds, in time', async () => {
  // by the time of the blocks; everybody else's clock is right
  let behind = EPOCHS * 4 * BLOCK_MS
  const scene = await startScene('model', { clock: () => Date.now() - behind, epochLength: 4 })
  onTestFinished(() => scene.stop())
  const { chain, near, contract, bob } = scene
  await using paid = await servePaid(scene)
  for (let block = 0; block < EPOCHS * 4; block++) {
    behind -= BLOCK_MS
    chain.mine(1)
  }
  const from = Number(chain.head.header.height)
  // never shown to the enclave, so that its light client still stands at its root
  const { terms } = await paid.open({ establish: false })
  const { channelId } = terms
  await paid.wallet.startClose(channelId)
  chain.mine(5)
  const node = await chain.serve()
  onTestFinished(() => node.close())
  const watcher = await runWatcher({
    chain: { networkId: near.networkId, contract },
    nodes: [node.url],
    account: accountFromKey(bob.accountId, bob.key.secretKey),
    from,
    enclaves: { [bob.accountId]: paid.runtime.url },
    times: { pollMs: 50, retryMs: 500 },
    logger: pino({ level: 'silent' }),
  })
  onTestFinished(() => watcher.close())
  await vi.waitFor(async () => expect(await paid.wallet.channel(channelId)).toBeNull(), { timeout: 40_000 })
})
