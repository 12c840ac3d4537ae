import { advance, parseLightClientBlock, parseLogProof, type VerifyEventOptions, verifyLog } from '@dcml/light-client'
import {
  connectNear,
  fetchLogProof,
  fetchTrustRoot,
  type Near,
  type NearEvent,
  readEvents,
  sendTransaction,
} from '@dcml/near'
import { utf8 } from '@dcml/protocol'
import { actions } from 'near-api-js'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Scene, startScene } from './scene.ts'

let scene: Scene
let near: Near

beforeAll(async () => {
  scene = await startScene()
  scene.chain.mine(4)
  near = connectNear({ networkId: 'localnet', nodes: scene.url })
})
afterAll(() => scene.stop())

const greet = (text: string) =>
  actions.functionCall('greet', utf8(JSON.stringify({ text })), 30_000_000_000_000n, 10n ** 22n)
const says = (text: string) => (event: NearEvent) =>
  event.event === 'greeted' && (event.data as { text: string }).text === text

test('what somebody logged in a batch is proven from what any node tells', async () => {
  const state = await fetchTrustRoot(near)
  // no event proof covers a batch, and the node does not give back its signed bytes
  const batch = [greet('one'), greet('two'), actions.transfer(1n)]
  await sendTransaction(near, { account: scene.alice, receiverId: scene.contractId, actions: batch })
  scene.chain.mine(5)
  const { contractId } = scene
  const { events } = await readEvents(near, { contractId, from: 0, event: 'greeted' })
  const { receiptId } = events.find(says('two'))!

  const { blocks, proof } = await fetchLogProof(near, { contractId, receiptId, wanted: says('two'), state })
  expect(proof.log).toBe(events.findIndex(says('two')))
  let head = state
  for (const block of blocks) {
    const step = await advance(head, parseLightClientBlock(block))
    if (!step.ok) throw step.error
    head = step.state
  }
  const options: VerifyEventOptions = {
    contract: contractId,
    standard: events[0]!.standard,
    event: 'greeted',
    state: head,
    now: new Date(Number(head.head.innerLite.timestamp / 1_000_000n)),
    maxHeadAge: 1000,
    maxEventAge: 'any',
  }
  expect(verifyLog(parseLogProof(proof), options)).toMatchObject({
    ok: true,
    receiptId,
    event: { data: { text: 'two' } },
  })

  const asked = { contractId, receiptId, wanted: says('three'), state }
  await expect(fetchLogProof(near, asked)).rejects.toMatchObject({ code: 'near_event_missing' })
  const unknown = { ...asked, receiptId: '11111111111111111111111111111111', patienceMs: 0 }
  await expect(fetchLogProof(near, unknown)).rejects.toMatchObject({ code: 'near_not_provable' })
})
