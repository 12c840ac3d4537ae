// The mark of an enclave on NEAR, brought and proven by a host that may lie.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Bundle, Mark } from '@dcml/channels'
import { antiRollbackCompliance } from '@dcml/channels/testing'
import type { LightClientState } from '@dcml/light-client'
import { connectNear, fetchLogProof, fetchTrustRoot, type Near } from '@dcml/near'
import { fromHex, signMarkClaim, toHex } from '@dcml/protocol'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { AnchorWorld, anchorWasm, deviceKey } from '../../../contracts/anchor/test/world.ts'
import { type ChainDevice, type ChainOptions, chainDevice } from '../src/anti-rollback/chain/device.ts'
import {
  ANCHOR_STORAGE,
  type AnchorCall,
  type AnchorRefusal,
  type AnchorRelay,
} from '../src/anti-rollback/chain/relay.ts'

let world: AnchorWorld
let near: Near
let root: LightClientState
let stop: () => Promise<void>
let folder: string
let file: string
let files = 0
let clock: () => number

beforeAll(async () => {
  world = new AnchorWorld(await anchorWasm())
  const server = await world.devchain.serve()
  stop = () => server.close()
  near = connectNear({ networkId: world.chain.networkId, nodes: server.url })
  world.devchain.mine(4)
  root = await fetchTrustRoot(near)
  clock = () => Number(world.now)
  folder = await mkdtemp(join(tmpdir(), 'dcml-chain-'))
})
afterAll(async () => {
  await stop()
  await rm(folder, { recursive: true, force: true })
})
beforeEach(() => {
  file = join(folder, `${files++}`)
})

const mark = (counter: bigint, byte = 1): Mark => ({ counter, digest: new Uint8Array(32).fill(byte) })
const codeOf = (promise: Promise<unknown>) =>
  promise.then(
    () => 'none',
    (error: { code?: string }) => error.code ?? String(error),
  )

const paidFor = new Set<string>()

/** An honest relay. */
async function bring({ method, args }: AnchorCall, from: LightClientState): Promise<Bundle | AnchorRefusal> {
  const key = args.device_key!
  const isFirst = !paidFor.has(key)
  paidFor.add(key)
  const result = world.host.call(world.anchor, method, args, { deposit: isFirst ? ANCHOR_STORAGE : 0n, mayFail: true })
  if (result.error !== null) return { refused: result.error }
  return prove(result.trace.root.children[0]!.id, from)
}

async function prove(receiptId: string, from: LightClientState): Promise<Bundle> {
  world.devchain.mine(4)
  const contractId = world.anchor.accountId
  const { blocks, proof } = await fetchLogProof(near, { contractId, receiptId, wanted: () => true, state: from })
  return { from: from.headHash, blocks: [...blocks], proof }
}

const open = (relay: AnchorRelay = { submit: bring }, more: Partial<ChainOptions> = {}): Promise<ChainDevice> =>
  chainDevice({
    relay,
    anchor: world.chain,
    root,
    file,
    sealingKey: new Uint8Array(32).fill(3),
    environment: 'development',
    clock: () => clock(),
    ...more,
  })

test.each(
  antiRollbackCompliance(async () => {
    file = join(folder, `${files++}`)
    const own = file
    const handle = await open()
    return { handle, again: () => open(undefined, { file: own }) }
  }),
)('chain: $name', ({ run }) => run())

test('a step that its host held back is void once the enclave has started again', async () => {
  let held: AnchorCall | undefined
  const withholding = await open({
    submit: (call, from) => {
      if (call.method === 'claim') return bring(call, from)
      held = call
      return Promise.reject(new Error('no node answers'))
    },
  })
  await withholding.read()
  expect(await codeOf(withholding.advance(mark(1n, 7)))).toBe('rollback_relay_failed')
  const again = await open()
  expect(await again.read()).toEqual(mark(0n, 0))
  expect(await bring(held!, root)).toEqual({ refused: expect.stringContaining('the mark was claimed in term') })
  await again.advance(mark(1n, 8))
  expect(await again.read()).toEqual(mark(1n, 8))
})

test('a step that was taken though its answer was lost counts', async () => {
  const losing = await open({
    async submit(call, from) {
      const answer = await bring(call, from)
      if (call.method === 'advance') throw new Error('the answer was lost')
      return answer
    },
  })
  expect(await codeOf(losing.advance(mark(1n, 7)))).toBe('rollback_relay_failed')
  expect(await (await open()).read()).toEqual(mark(1n, 7))
})

test('an old proof does not pass for a new one, and the proof of one call not for that of another', async () => {
  const kept: Bundle[] = []
  const device = await open({
    async submit(call) {
      // all from the root, where any other device begins
      const answer = await bring(call, root)
      if (!('refused' in answer)) kept.push(answer)
      return answer
    },
  })
  await device.advance(mark(1n))
  await device.read()
  expect(kept).toHaveLength(3)
  for (const old of kept)
    expect(await codeOf((await open({ submit: async () => old })).read())).toBe('rollback_proof_refused')
})

test('whoever sees the nonce of a call cannot answer it with a mark of his own', async () => {
  const device = await open()
  await device.advance(mark(1n))
  const thief = deviceKey('thief')
  const robbed = await open({
    async submit({ args }, from) {
      const nonce = fromHex(args.nonce!, 32)
      const signature = await signMarkClaim(world.chain, { term: world.now, nonce }, thief)
      const own = { device_key: toHex(thief.publicKey), term: `${world.now}`, nonce: toHex(nonce) }
      return bring(
        { contract: '', method: 'claim', args: { ...own, signature: Buffer.from(signature).toString('base64') } },
        from,
      )
    },
  })
  expect(await codeOf(robbed.read())).toBe('rollback_proof_refused')
})

test('of two copies of one memory that draw the same numbers and write different states, one gets through', async () => {
  const now = clock()
  // what the host got for the first of them, it shows to the second
  const answers = new Map<string, Bundle | AnchorRefusal>()
  const relay: AnchorRelay = {
    async submit(call) {
      const answer = answers.get(call.method) ?? (await bring(call, root))
      answers.set(call.method, answer)
      return answer
    },
  }
  const copy = (): Promise<ChainDevice> => {
    let drawn = 0
    return open(relay, { clock: () => now, random: () => new Uint8Array(32).fill(++drawn) })
  }
  const [one, other] = [await copy(), await copy()]
  expect([await one.read(), await other.read()]).toEqual([mark(0n, 0), mark(0n, 0)])
  await one.advance(mark(1n, 7))
  expect(await codeOf(other.advance(mark(1n, 8)))).toBe('rollback_conflict')
})

test('a contract of the host’s that says what the enclave wants to hear is not believed', async () => {
  const lookalike = world.devchain.root.createAccount('lookalike')
  lookalike.deploy(await anchorWasm())
  const device = await open({
    async submit({ method, args }, from) {
      const result = world.host.call(lookalike, method, args, { deposit: ANCHOR_STORAGE, mayFail: true })
      expect(result.error).toContain('the signature is not the device key’s')
      return bring({ contract: '', method, args }, from).then((answer) => {
        if ('refused' in answer || !('receipt' in answer.proof)) throw new Error('no proof')
        const proof = structuredClone(answer.proof) as unknown as {
          receipt: { outcome_proof: { outcome: { logs: string[] } } }
        }
        const { outcome } = proof.receipt.outcome_proof
        outcome.logs = outcome.logs.map((log) => log.replace('"counter":"0"', '"counter":"5"'))
        return { ...answer, proof: { ...answer.proof, ...proof } }
      })
    },
  })
  expect(await codeOf(device.read())).toBe('rollback_proof_refused')
})

test('of two starts the later one goes on, and a clock that runs behind is said to', async () => {
  const [first, second] = [await open(), await open()]
  await first.read()
  await second.read()
  expect(await codeOf(first.advance(mark(1n, 1)))).toBe('rollback_conflict')
  await second.advance(mark(1n, 2))
  expect(await codeOf((await open(undefined, { clock: () => clock() - 3_600_000 })).read())).toBe('rollback_conflict')
})

test('the key of the device is sealed, and a device without its file is another', async () => {
  const { incarnation } = await open()
  expect((await open()).incarnation).toEqual(incarnation)
  expect(await codeOf(open(undefined, { sealingKey: new Uint8Array(32) }))).toBe('rollback_file_unreadable')
  await rm(file)
  expect((await open()).incarnation).not.toEqual(incarnation)
})
