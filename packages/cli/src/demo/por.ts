// The paper's §8 as a play: five nodes, a host that falls silent, and what silence costs it.
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { deployPorContract, type PorAccount, porAccount, porChain } from '@dcml/near/por'
import { formatAmount, parseAmount, utf8 } from '@dcml/protocol'
import type { EdgeParams } from '@dcml/protocol/por'
import { controlOf } from '../por/control-client.ts'
import { writeNodeKey } from '../por/node-key.ts'
import { accountIn } from './attacker.ts'
import { openChannel } from './money.ts'
import { accountOf, type Party, wealthOn } from './near.ts'
import type { Host } from './stage.ts'
import { type Act, must, type Story } from './story.ts'

const NODES = ['alice', 'bob', 'carol', 'dave', 'eve'] as const
/** Alice reaches Bob by three ways that share no edge. */
const EDGES: readonly (readonly [Party, Party])[] = [
  ['alice', 'carol'],
  ['alice', 'dave'],
  ['alice', 'eve'],
  ['carol', 'bob'],
  ['dave', 'bob'],
  ['eve', 'bob'],
]

const params: EdgeParams = {
  latency: 20,
  baseCost: parseAmount('0.000001 NEAR'),
  byteCost: parseAmount('0.0000000001 NEAR'),
  minLateRate: 0n,
  maxLateRate: parseAmount('0.00001 NEAR'),
  sync: 200,
  maxInflight: 64,
  bytesPerSecond: 0,
}
/** How long relays pay for Bob out of their own pockets. */
const PATIENCE = ['--patience', '2000', '--guard', '100']
const BLOCK_MS = 300
/** How often Alice is paid before Bob goes on. */
const PAYMENTS = 3
const QUESTION = { target: accountOf('bob'), app: 'dcml/ping', maxCost: parseAmount('0.01 NEAR'), budget: 2_000 }

const NETWORK = `por.${accountOf('dave')}`

const at = async (story: Story, party: Party): Promise<PorAccount> =>
  porAccount({ near: story.chain.near, contract: NETWORK, account: await accountIn(story, party) })

/** A node's process, with the store that it is asked through. */
async function startNode(story: Story, party: Party): Promise<Host> {
  const { stage, b } = story
  const more = party === 'bob' ? ['--runtime', b.adminUrl] : PATIENCE
  const flags = ['--listen', '127.0.0.1:0', '--metrics-port', '0', '--poll', '200', '--por-account', NETWORK]
  return stage.host(party, ['por', 'node', '--node-key', 'node.key', ...flags, ...more, ...story.chain.as(party)])
}

/** The chain of the demo makes blocks for transactions only; nodes go by final ones, two behind the newest. */
function keepMining({ chain }: Story): () => void {
  const timer = setInterval(() => void chain.near.request('dcml_mine', {}).catch(() => {}), BLOCK_MS)
  timer.unref()
  return () => clearInterval(timer)
}

const ask = (story: Story, how: 'request' | 'isolate', ...more: string[]) =>
  story.stage.run('alice', ['por', how, accountOf('bob'), '--text', 'Are you there?', '--budget', '2000', ...more])

interface Asked {
  readonly response?: { readonly text: string }
  readonly broken?: { readonly edgeId: string }
  readonly disconnected?: { readonly since: string }
  readonly late: string
  readonly cost: string
  readonly tries: number
  readonly cuts: readonly string[]
}
const asked = (finished: Parameters<typeof must>[0]): Asked => must(finished) as unknown as Asked

export const proofOfResponse: readonly Act[] = [
  {
    name: 'por-network',
    async play(story) {
      const { stage, chain } = story
      story.nodes = {}
      const wasm = readFileSync(createRequire(import.meta.url).resolve('@dcml/contract-por/por.wasm'))
      await deployPorContract({
        near: chain.near,
        contract: NETWORK,
        account: await accountIn(story, 'dave'),
        wasm: Uint8Array.from(wasm),
        rules: {
          treasury: accountOf('dave'),
          minStake: parseAmount('1 NEAR'),
          penalty: parseAmount('0.1 NEAR'),
          slashBps: 100,
          bounty: parseAmount('0.001 NEAR'),
          activationMs: 0n,
          closeNoticeMs: 900_000n,
          challengeMs: 86_400_000n,
          reimbursementMs: 604_800_000n,
        },
      })
      story.stopBlocks = keepMining(story)
      await Promise.all(NODES.map(enter))
      for (const [u, v] of EDGES) {
        const offer = { peer: accountOf(v), params, deposit: parseAmount('1 NEAR') }
        const { edgeId } = await (await at(story, u)).openEdge(offer)
        await (await at(story, v)).confirmEdge(edgeId, offer)
      }
      must(await stage.run('bob', ['provider', 'update', '--por-account', NETWORK, ...chain.signs('bob')]))
      // an edge may take a moment until both ends have seen it and spoken
      for (;;) {
        const { code, json } = await ask(story, 'request')
        if (code === 0 && (json as unknown as Asked).response) break
      }
      return 'five nodes run, with 1 NEAR at stake each and six edges between them; Bob answers Alice through a relay, signed'

      async function enter(party: Party): Promise<void> {
        const key = writeNodeKey(join(await stage.folder(party), 'node.key'))
        const account = await at(story, party)
        await account.register({ key, endpoint: '', stake: parseAmount('1 NEAR') })
        const node = await startNode(story, party)
        story.nodes[party] = node
        await account.update({ endpoint: node.address })
      }
    },
  },
  {
    name: 'por-late',
    async play(story) {
      // kept for the last act: opened while its enclave can be reached
      await openChannel(story, 'silent.json')
      const { bob } = story.nodes
      const node = controlOf(join(await story.stage.folder('alice'), 'por'))
      let [late, payments] = [0n, 0]
      bob!.pause()
      const onLate = (amount: bigint): void => {
        late += amount
        if (++payments === PAYMENTS) bob!.resume()
      }
      const ended = await node.request({ ...QUESTION, payload: utf8('Are you there?') }, { onLate })
      if (!('response' in ended)) throw new Error('an edge was cut, though Bob came back')
      if (payments < PAYMENTS) throw new Error('nobody paid for the wait')
      return `Bob's node hangs, then goes on: Alice was paid ${payments} times for waiting, ${formatAmount(late)}, and has her answer, which cost ${formatAmount(ended.cost)}`
    },
  },
  {
    name: 'por-cut',
    async play(story) {
      await story.nodes.bob!.stop()
      const { broken, late } = asked(await ask(story, 'request'))
      if (broken === undefined) throw new Error('a node that is gone has answered')
      return `Bob's node is gone: paid ${formatAmount(BigInt(late))} for waiting, Alice holds the proof that edge ${broken.edgeId} on the way was cut`
    },
  },
  {
    name: 'por-isolate',
    async play(story) {
      const { disconnected, tries, cuts } = asked(await ask(story, 'isolate'))
      if (disconnected === undefined) throw new Error('a node that is gone has answered')
      const { near } = story.chain
      const since = await porChain({ near, contract: NETWORK }).disconnectedSince(accountOf('bob'))
      if (since === null || `${since}` !== disconnected.since) throw new Error('the contract says otherwise')
      return `after ${tries} more tries edges ${cuts.join(' and ')} are gone too: on chain, Bob is in no part of the network with most stake`
    },
  },
  {
    name: 'por-fast-close',
    async play(story) {
      const { stage, chain } = story
      const before = await wealthOn(chain)
      const flags = ['--channel', 'silent.json', '--por', 'por', ...chain.signs('alice')]
      const { way } = must(await stage.run('alice', ['channel', 'close', ...flags]))
      story.stopBlocks()
      if (way !== 'disconnected') throw new Error(`the channel ended by way of "${way}"`)
      const { charlie } = await wealthOn(chain)
      const lock = charlie - before.charlie
      if (lock !== parseAmount('0.1 NEAR')) throw new Error(`Charlie got ${formatAmount(lock)}`)
      return `Alice's channel closes at once, without the hour of waiting: her deposit is back, Bob's lock of ${formatAmount(lock)} is Charlie's`
    },
  },
]
