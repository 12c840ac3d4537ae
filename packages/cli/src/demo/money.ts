// The paper's §6 as a play: Charlie's prices, Bob's collateral, Alice's channel, and every yocto accounted for.
import { formatAmount } from '@dcml/protocol'
import { accountOf, gasPaid, startChain, wealthOn } from './near.ts'
import { type Act, must, type Story, trust, writeManifest } from './story.ts'

/** What `dcml channel` prints. */
export interface ShownChannel {
  readonly channelId: string
  readonly amounts: Readonly<Record<'deposited' | 'authorised' | 'spent', string>> & { readonly settled: string | null }
}

const PRICES = ['--input-price', '10 NEAR per million tokens', '--output-price', '100 NEAR per million tokens']
const EXTRA = ['--input-price', '5 NEAR per million tokens', '--output-price', '50 NEAR per million tokens']

/** Opens a channel for Alice, kept in a file of hers. */
export async function openChannel(story: Story, file: string, party: 'alice' | 'bob' = 'alice'): Promise<ShownChannel> {
  const flags = ['--channel', file, '--endpoint', `https://${story.b.address}`, '--provider', accountOf('bob'),
    '--deployment', story.deployment, '--deposit', '0.1 NEAR', '--per-request', '0.05 NEAR', '--step', '0.001 NEAR'] // biome-ignore format: one flag after the other
  const opened = await story.stage.run(party, [
    'channel',
    'open',
    ...flags,
    ...story.chain.signs(party),
    ...trust(story),
  ])
  return must(opened) as unknown as ShownChannel
}

export const fund: Act = {
  name: 'fund',
  async play(story) {
    story.chain = await startChain(story.stage)
    return 'a NEAR chain runs on this machine; Alice, Bob and Charlie have 10,000 NEAR each'
  },
}

export const deploy: Act = {
  name: 'deploy',
  async play(story) {
    const { stage, chain, modelH } = story
    const terms = ['--model-h', modelH, ...PRICES, '--challenge-hours', '1']
    const deploy = ['contract', 'deploy', '--yes', ...terms, ...chain.signs('charlie')]
    const { hashes } = must(await stage.run('charlie', deploy)) as { hashes: string[] }
    story.deployment = hashes.at(-1)!
    const root = must(await stage.run('charlie', ['light-client', 'trust-root', ...chain.flags]))
    story.manifest = await writeManifest(await stage.folder('charlie'), {
      models: [modelH],
      network: { networkId: chain.networkId, contract: chain.contract },
      trustRoot: root.trustRoot,
    })
    const images = ['--image-h', story.manifest.imageH]
    must(await stage.run('charlie', ['contract', 'set-images', ...images, ...chain.signs('charlie')]))
    return `Charlie set his prices in a contract; the image names it, and where its light client starts: ${story.manifest.imageH.slice(0, 16)}…`
  },
}

export const offer: Act = {
  name: 'offer',
  async play(story) {
    const { stage, chain, b } = story
    const flags = ['--url', `https://${b.address}`, ...EXTRA, '--collateral', '5 NEAR', ...chain.signs('bob')]
    must(await stage.run('bob', ['provider', 'register', ...flags]))
    must(await stage.run('bob', ['provider', 'admit', b.sessionKey, ...chain.signs('bob')]))
    return 'Bob asks his price on top, puts up 5 NEAR of collateral and answers for the session key of enclave B'
  },
}

export const open: Act = {
  name: 'open',
  async play(story) {
    story.before = await wealthOn(story.chain)
    const { channelId } = await openChannel(story, 'channel.json')
    return `Alice deposited 0.1 NEAR on channel ${channelId}, Bob's lock is as much; B's light client checked the proof`
  },
}

export const pay: Act = {
  name: 'pay',
  async play(story) {
    const { stage, b, modelH, canary } = story
    const prompt = `What of our liberties? ${canary}`
    const chat = ['chat', prompt, '--endpoint', `https://${b.address}`, '--model-h', modelH, '--receipts', 'receipts.jsonl', '--channel', 'channel.json',
      '--max-tokens', '160', '--temperature', '0.4', '--seed', '7', '--echo', ...trust(story)] // biome-ignore format: one flag after the other
    const { text, usage, channel } = must(await stage.run('alice', chat, story.say)) as {
      text: string
      usage: { prompt_tokens: number; completion_tokens: number }
      channel: { authorised: string; spent: string }
    }
    if (text.length === 0) throw new Error('the model said nothing')
    // 15 and 150 NEAR per million tokens, of both owner and host
    const cost = BigInt(usage.prompt_tokens) * 15n * 10n ** 18n + BigInt(usage.completion_tokens) * 150n * 10n ** 18n
    if (BigInt(channel.spent) !== cost) throw new Error(`charged ${channel.spent} for what costs ${cost}`)
    return `${usage.prompt_tokens} + ${usage.completion_tokens} tokens cost ${formatAmount(cost)}, paid voucher by voucher while they came; no chain was asked`
  },
}

export const close: Act = {
  name: 'close',
  async play(story) {
    const { stage, chain } = story
    const flags = ['--channel', 'channel.json', '--endpoint', `https://${story.b.address}`, ...trust(story)]
    const closed = must(await stage.run('alice', ['channel', 'close', ...flags, ...chain.signs('alice')]))
    const { spent, settled } = (closed as unknown as ShownChannel).amounts
    if (settled !== spent) throw new Error(`spent ${spent}, settled ${settled}`)
    story.settled = BigInt(spent)
    return `enclave B approved ${formatAmount(story.settled)}; the contract paid Charlie and Bob and gave Alice the rest, in one call`
  },
}

export const reconcile: Act = {
  name: 'reconcile',
  async play(story) {
    const { chain, before, settled } = story
    const after = await wealthOn(story.chain)
    const gas = await gasPaid(chain, accountOf('alice'), before.height)
    // two thirds of each price are Charlie's
    const expected = {
      alice: before.alice - settled - gas,
      bob: before.bob + settled / 3n,
      charlie: before.charlie + (settled / 3n) * 2n,
    }
    for (const party of ['alice', 'bob', 'charlie'] as const)
      if (after[party] !== expected[party]) throw new Error(`${party} has ${after[party]}, not ${expected[party]}`)
    return `to the yocto: Charlie +${formatAmount((settled / 3n) * 2n)}, Bob +${formatAmount(settled / 3n)}, Alice -${formatAmount(settled)} and ${formatAmount(gas)} of gas`
  },
}
