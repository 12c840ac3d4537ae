// Against the other side's patience: who falls silent, and who closes without asking. It costs them.
import { modelWallet, openChannels } from '@dcml/near/model'
import { formatAmount, parseAmount } from '@dcml/protocol'
import * as v from 'valibot'
import { accountIn } from './attacker.ts'
import { openChannel } from './money.ts'
import { type Party, wealthOn } from './near.ts'
import { type Act, must, type Story, trust } from './story.ts'

const HOUR_MS = 3_600_000
const shown = v.object({
  amounts: v.object({
    spent: v.pipe(
      v.string(),
      v.transform((text) => BigInt(text)),
    ),
    settled: v.nullable(v.string()),
  }),
})

/** Closes without asking any enclave, as far as the contract goes along now. */
async function closeAlone({ stage, chain }: Story, party: Party, file: string) {
  const flags = ['--channel', file, '--patience', '0', ...chain.signs(party)]
  return v.parse(shown, must(await stage.run(party, ['channel', 'close', ...flags]))).amounts
}

export const silence: readonly Act[] = [
  {
    name: 'offline-theft',
    async play(story) {
      const { stage, b, modelH } = story
      story.unsettled = await wealthOn(story.chain)
      await openChannel(story, 'self.json', 'bob')
      const chat = ['chat', 'All for me', '--endpoint', `https://${b.address}`, '--model-h', modelH,
        '--channel', 'self.json', '--max-tokens', '64', ...trust(story)] // biome-ignore format: one flag after the other
      must(await stage.run('bob', chat))
      const { spent } = await closeAlone(story, 'bob', 'self.json')
      return `Bob hosts and pays himself, uses ${formatAmount(spent)} worth of tokens off the network, and closes as if there was no enclave`
    },
  },
  {
    name: 'silent-host',
    async play(story) {
      await openChannel(story, 'third.json')
      await story.b.stop()
      const { settled } = await closeAlone(story, 'alice', 'third.json')
      if (settled !== null) throw new Error('the contract did not wait for an answer')
      return 'enclave B is switched off for good; Alice starts closing without it, and the contract waits an hour for an answer'
    },
  },
  {
    name: 'an-hour-later',
    async play(story) {
      const { chain, unsettled } = story
      await chain.near.request('dcml_advance_time', { ms: HOUR_MS })
      // anyone may finish; the clocks of Alice's and Bob's own machines have not moved
      const anyone = modelWallet({ ...chain, account: await accountIn(story, 'bob') })
      for (const { channelId, closing } of await openChannels(chain.near, chain.contract))
        if (closing !== null) await anyone.finishClose(channelId)
      const after = await wealthOn(chain)
      const lock = parseAmount('0.1 NEAR')
      if (after.charlie - unsettled.charlie !== 2n * lock) throw new Error('Charlie did not get both locks')
      const cost = unsettled.alice - after.alice
      if (cost > parseAmount('0.01 NEAR')) throw new Error(`closing cost Alice ${formatAmount(cost)}`)
      return `both locks went to Charlie, ${formatAmount(2n * lock)}: more than all that was used; Alice has her deposit back, less ${formatAmount(cost)} of gas`
    },
  },
]
