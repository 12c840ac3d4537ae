// Nodes that lie, lag or talk too much.
import { decodeSignedTransaction, parseLightClientBlock, trustBlock } from '@dcml/light-client'
import { connectNear, contractType, fetchProof, type Near, readEvents } from '@dcml/near'
import { DcmlError } from '@dcml/protocol'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { hello } from './hello.client.ts'
import { badLine, type Scene, startScene } from './scene.ts'

let scene: Scene
let near: Near
beforeAll(async () => {
  scene = await startScene()
  near = connectNear({ networkId: 'localnet', nodes: scene.url })
})
afterAll(() => scene.stop())

type Asked = Record<string, unknown>
const unknown = (code: string) => new DcmlError(code, code, { hint: '-' })

/** A node that says something else now and then. */
function liar(lie: (method: string, params: Asked, truth: () => Promise<unknown>) => Promise<unknown>): Near {
  const ask = (method: string, params: unknown) => lie(method, params as Asked, () => near.request(method, params))
  return {
    ...near,
    request: ask,
    async *attempts() {
      yield ask
    },
  }
}

const greet = (text: string) => hello(near, scene.contractId).greet({ text }, { account: scene.alice })
const eventsVia = (via: Near, from: number) => readEvents(via, { contractId: scene.contractId, from })

test('a height that the node asked has not reached, or has dropped, does not pass for a skipped one', async () => {
  const from = scene.chain.head.header.height
  await greet('mind the gap')
  scene.chain.mine(4)
  const told = await eventsVia(near, from)
  expect(told.events.map(({ data }) => data)).toMatchObject([{ text: 'mind the gap' }])
  const { blockHeight } = told.events[0]!
  const without = (kept: object) =>
    liar((method, { block_id }, truth) => {
      if (method === 'status') return Promise.resolve({ sync_info: kept })
      return method === 'EXPERIMENTAL_changes' && block_id === blockHeight
        ? Promise.reject(unknown('near_block_unknown'))
        : truth()
    })
  const lagging = without({ earliest_block_height: 0, latest_block_height: blockHeight - 1 })
  await expect(eventsVia(lagging, from)).rejects.toMatchObject({ code: 'near_block_unknown' })
  const pruned = without({ earliest_block_height: blockHeight + 1, latest_block_height: 10 ** 9 })
  await expect(eventsVia(pruned, from)).rejects.toMatchObject({ code: 'near_block_unknown' })
  const skipped = without({ earliest_block_height: 0, latest_block_height: 10 ** 9 })
  expect((await eventsVia(skipped, from)).events).toEqual([])
})

test('a flood of receipts is looked at eight at a time, and told in its order', async () => {
  const from = scene.chain.head.header.height
  scene.chain.mine(4)
  const ids = Array.from({ length: 21 }, (_, i) => `receipt ${i}`)
  const waiting = new Set<() => void>()
  let most = 0
  const flooded = liar(async (method, { block_id, receipt_id }, truth) => {
    if (method === 'EXPERIMENTAL_changes' && block_id === from + 1)
      return {
        block_hash: 'b',
        changes: ids.map((receipt_hash) => ({ cause: { type: 'receipt_processing', receipt_hash } })),
      }
    if (method !== 'EXPERIMENTAL_light_client_proof') return truth()
    await new Promise<void>((resolve) => {
      waiting.add(resolve)
      most = Math.max(most, waiting.size)
      setImmediate(() => {
        waiting.delete(resolve)
        resolve()
      })
    })
    const data = { text: receipt_id }
    const logs = [`EVENT_JSON:${JSON.stringify({ standard: 'x', version: '1.0.0', event: 'flood', data })}`]
    const outcome = { executor_id: scene.contractId, logs, status: { SuccessValue: '' } }
    return { outcome_proof: { id: receipt_id, block_hash: 'b', outcome } }
  })
  const { events } = await eventsVia(flooded, from)
  expect(events.map(({ receiptId }) => receiptId)).toEqual(ids)
  expect(events.map(({ data }) => data)).toEqual(ids.map((text) => ({ text })))
  expect(most).toBe(8)
})

test('a page ends before a block that no root covers yet, and the next one goes on there', async () => {
  const from = scene.chain.head.header.height
  await greet('soon')
  scene.chain.mine(4)
  const { events } = await eventsVia(near, from)
  const early = liar((method, _, truth) =>
    method === 'EXPERIMENTAL_light_client_proof' ? Promise.reject(unknown('near_not_final')) : truth(),
  )
  const page = await eventsVia(early, from)
  expect(page).toEqual({ events: [], next: events[0]!.blockHeight })
  expect((await eventsVia(near, page.next)).events).toEqual(events)
})

test('the answer for another receipt is none', async () => {
  const from = scene.chain.head.header.height
  await greet('whose')
  scene.chain.mine(4)
  const other = liar(async (method, _, truth) => {
    const answer = (await truth()) as { outcome_proof: { id: string } }
    if (method === 'EXPERIMENTAL_light_client_proof') answer.outcome_proof.id = 'another'
    return answer
  })
  await expect(eventsVia(other, from)).rejects.toMatchObject({ code: 'near_answer_invalid' })
})

async function trusted() {
  const { header } = await scene.chain.rpc<{ header: { hash: string } }>('block', { block_id: 0 })
  const block = parseLightClientBlock(
    await scene.chain.rpc('next_light_client_block', { last_block_hash: header.hash }),
  )
  return trustBlock(block, { hash: scene.chain.head.header.lastFinalBlock, producers: block.nextBps })
}

test('a receipt that goes on in itself is not followed without end', async () => {
  const state = await trusted()
  const { transaction } = await greet('round and round')
  const endless = liar(async (method, { type, receipt_id }, truth) => {
    const answer = (await truth()) as { outcome_proof: { outcome: { status: unknown } } }
    if (method === 'EXPERIMENTAL_light_client_proof' && type === 'receipt')
      answer.outcome_proof.outcome.status = { SuccessReceiptId: receipt_id }
    return answer
  })
  await expect(fetchProof(endless, { transaction, state })).rejects.toMatchObject({ code: 'near_call_too_long' })
})

test('a node that does not know the transaction yet, or says nothing of its receipts, is asked again', async () => {
  const state = await trusted()
  const { transaction, hash } = await greet('patience')
  let turn = 0
  const slow = liar((method, _, truth) => {
    if (method !== 'EXPERIMENTAL_tx_status') return truth()
    turn++
    if (turn === 1) return Promise.reject(unknown('near_transaction_unknown'))
    return turn === 2 ? Promise.resolve({ final_execution_status: 'INCLUDED' }) : truth()
  })
  const { proof } = await fetchProof(slow, { transaction, state })
  expect(decodeSignedTransaction(transaction).hash).toBe(hash)
  expect([turn, proof.outcomes.length]).toEqual([3, 2])

  const never = liar((method, _, truth) =>
    method === 'EXPERIMENTAL_tx_status' ? Promise.reject(unknown('near_transaction_unknown')) : truth(),
  )
  await expect(fetchProof(never, { transaction, state, patienceMs: 0 })).rejects.toMatchObject({
    code: 'near_not_provable',
  })
})

test('a call whose result does not fit the ABI is told as one that happened', async () => {
  const { abi } = hello(near, scene.contractId)
  const functions = abi.body.functions.map((method) =>
    method.name === 'greet'
      ? { ...method, result: { serialization_type: 'json' as const, type_schema: { type: 'boolean' } } }
      : method,
  )
  const mistaken = contractType<ReturnType<typeof hello>>({ ...abi, body: { ...abi.body, functions } })
  const before = await hello(near, scene.contractId).count_greetings()
  const signed: string[] = []
  const error = await mistaken(near, scene.contractId)
    .greet({ text: 'count me' }, { account: scene.alice, onSigned: ({ hash }) => void signed.push(hash) })
    .catch((error: DcmlError) => error)
  expect(error).toMatchObject({ code: 'near_answer_invalid', details: { hash: signed[0] } })
  expect(await hello(near, scene.contractId).count_greetings()).toBe(before + 1)
})

test('no error shows the key in the URL of a node', async () => {
  const line = await badLine(scene.url, () => 503)
  const secret = 'v3/MY-SECRET?apiKey=MY-SECRET'
  const everything = (error: unknown): string =>
    error instanceof Error ? `${error.stack} ${JSON.stringify(error)} ${everything(error.cause)}` : String(error)
  const via = connectNear({ networkId: 'localnet', nodes: `${line.url}/${secret}`, rounds: 1 })
  const failed = await via.request('status', []).catch(everything)
  expect(failed).toContain('near_unreachable')
  expect(failed).not.toContain('MY-SECRET')
  for (const nodes of [`wss://rpc.near.org/${secret}`, 'https://me:MY-SECRET@rpc.near.org', 'MY-SECRET'])
    expect(() => connectNear({ networkId: 'x', nodes })).toThrow(
      expect.objectContaining({ code: 'near_nodes_missing', message: expect.not.stringContaining('MY-SECRET') }),
    )
  line.close()
})
