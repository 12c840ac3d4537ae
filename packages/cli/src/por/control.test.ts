import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { OwnEdge, PorNode } from '@dcml/por/node'
import { DcmlError, toHex } from '@dcml/protocol'
import { type EdgeParams, type EdgeUpdate, paramsHash } from '@dcml/protocol/por'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { controlOf } from './control-client.ts'
import { serveControl } from './control-server.ts'

const params: EdgeParams = {
  latency: 50,
  baseCost: 10n ** 18n,
  byteCost: 10n ** 14n,
  minLateRate: 0n,
  maxLateRate: 10n ** 19n,
  sync: 1_000,
  maxInflight: 256,
  bytesPerSecond: 0,
}
const dearer = { ...params, baseCost: 3n * params.baseCost }
const offer = { revision: 2, params: dearer, effectiveFrom: 2n ** 60n }
const update = { domain: {}, edgeId: 4n, ...offer } as EdgeUpdate
const edge: OwnEdge = {
  ...{ id: 4n, peer: 'bob.test', status: 'active', connected: true, params, books: null, offered: update },
}
const node = {
  edges: () => [edge],
  cut: vi.fn(),
  offerUpdate: vi.fn(() => update),
  acceptUpdate: vi.fn(async () => update),
}

let store: string
let served: Awaited<ReturnType<typeof serveControl>>
beforeEach(async () => {
  store = await mkdtemp(join(tmpdir(), 'dcml-control-'))
  served = await serveControl(node as unknown as PorNode, store)
})
afterEach(async () => {
  await served.close()
  await rm(store, { recursive: true, force: true })
  vi.clearAllMocks()
})

test('an operator sees what is offered, offers, accepts and cuts, one question after the other', async () => {
  const control = controlOf(store)
  const [seen] = await control.edges()
  expect(seen).toMatchObject({ edgeId: 4n, params, offered: offer })
  expect(await control.update({ edgeId: 4n, params: dearer })).toEqual(offer)
  expect(node.offerUpdate).toHaveBeenCalledWith(4n, dearer, undefined)
  await control.update({ edgeId: 4n, params: dearer, effectiveFrom: 9n })
  expect(node.offerUpdate).toHaveBeenLastCalledWith(4n, dearer, 9n)
  const terms = paramsHash(dearer)
  expect(await control.accept({ edgeId: 4n, terms: toHex(terms) })).toEqual(offer)
  expect(node.acceptUpdate).toHaveBeenCalledWith(4n, terms)
  await control.cut(4n)
  expect(node.cut).toHaveBeenCalledWith(4n)
})

test('what the node refuses, its operator hears by name', async () => {
  node.acceptUpdate.mockRejectedValueOnce(new DcmlError('por_offer_unknown', 'None.', { hint: 'Wait.' }))
  const asked = controlOf(store).accept({ edgeId: 4n, terms: '00'.repeat(32) })
  await expect(asked).rejects.toMatchObject({ code: 'por_offer_unknown', hint: 'Wait.' })
  const malformed = controlOf(store).update({ edgeId: 4n, params: { ...params, maxInflight: 70_000 } })
  await expect(malformed).rejects.toMatchObject({ code: 'control_invalid' })
  expect(node.offerUpdate).not.toHaveBeenCalled()
})
