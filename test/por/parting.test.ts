// Two real nodes end an edge on a chain: what both signed is paid out when the notice is over, without a challenge period.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { LINK_STORAGE } from '@dcml/near/por'
import { nodeKeys, type PorNode, startNode } from '@dcml/por/node'
import pino from 'pino'
import { afterEach, beforeEach, expect, test } from 'vitest'
import {
  ACTIVATION_MS,
  NEAR,
  NOTICE_MS,
  PARAMS,
  type Party,
  PENALTY,
  type PorScene,
  startPor,
} from '../../packages/near/test/por-scene.ts'

const folder = mkdtempSync(join(tmpdir(), 'dcml-parting-'))
const log = pino({ level: process.env.DCML_LOG ?? 'silent' })
const seedOf = (party: Party): Uint8Array => new Uint8Array(32).fill(party.id.charCodeAt(0))

let scene: PorScene
let blocks: ReturnType<typeof setInterval>
const nodes: PorNode[] = []
beforeEach(async () => {
  scene = await startPor()
  blocks = setInterval(() => scene.chain.mine(1), 100)
})
afterEach(async () => {
  for (const node of nodes) await node.close()
  clearInterval(blocks)
  await scene.stop()
  rmSync(folder, { recursive: true, force: true })
})

const until = async (isSo: () => boolean | Promise<boolean>): Promise<void> => {
  while (!(await isSo())) await new Promise((resolve) => setTimeout(resolve, 50))
}
const start = async (party: Party, more: object = {}): Promise<PorNode> => {
  const about = { chain: party.chain, account: party.id, key: seedOf(party), store: join(folder, party.id) }
  const node = await startNode({ ...about, poll: 100, log, ...more })
  nodes.push(node)
  return node
}

test('an edge that closes is paid out as both nodes signed, as soon as the contract lets it', async () => {
  const [alice, bob] = [scene.party('alice'), scene.party('bob')]
  for (const party of [alice, bob]) {
    const { publicKey } = nodeKeys(seedOf(party)).signer
    await party.account.register({ key: publicKey, endpoint: '', stake: 10n * NEAR })
  }
  const listening = await start(bob, { listen: { host: '127.0.0.1', port: 0 } })
  await bob.account.update({ endpoint: `127.0.0.1:${listening.address!.port}` })
  const { edgeId } = await alice.account.openEdge({ peer: bob.id, params: PARAMS, deposit: NEAR })
  await bob.account.confirmEdge(edgeId, { params: PARAMS, deposit: NEAR })
  scene.chain.advanceTime(ACTIVATION_MS)
  const asking = await start(alice)
  await until(() => nodes.every((node) => node.edges().some(({ connected }) => connected)))
  const { cost } = await asking.request(bob.id, new Uint8Array(9), { app: 'dcml/ping', maxCost: NEAR, budget: 5_000 })
  await until(() => listening.edges()[0]!.books!.received >= cost)

  await alice.account.startClose(edgeId)
  await until(() => nodes.every((node) => node.edges()[0]?.status === 'closing'))
  const before = bob.dev.balance
  scene.chain.advanceTime(NOTICE_MS)
  await until(() => nodes.every((node) => node.edges().length === 0))
  const gained = bob.dev.balance - before
  const due = NEAR + cost + PENALTY + LINK_STORAGE
  // but for the gas of whoever brought voucher and balances
  expect(gained > due - NEAR / 100n && gained <= due).toBe(true)
})
