// Paper §6: the user may host the model isolated from the Internet. The channel is opened where the chain is, carried to
// the enclave, used until it is saturated, and closed later.
import { generateKeyPairSync } from 'node:crypto'
import { development } from '@dcml/attestation'
import { createSimulator } from '@dcml/tee-simulator'
import { expect, test } from 'vitest'
import { connect } from '../../test/connect.ts'
import { startFakeEnclave } from '../../test/fake-enclave.ts'
import { ask, codeOf, disk, World } from '../../test/pay/world.ts'
import { exportChannel, importChannel, resumeCarried } from '../index.ts'
import { readChallenge } from './challenge-file.ts'
import { openChannel } from './opening.ts'
import { parseRecord } from './record.ts'

const COST = 169n

/** Opens for an enclave that only the file reaches. The evidence is looked at in a test of its own. */
async function openedElsewhere(world: World, deposit: bigint) {
  const file = JSON.parse(await world.client().challenge())
  const { readWire, wire } = await import('@dcml/channels')
  const answer = readWire(wire.challenge, file.challenge)
  const online = disk()
  const options = { ...world.options({ deposit }), store: online }
  const invitation = { answer, attested: world.enclave.attested, lightClient: file.lightClient as string }
  await (await openChannel(invitation, options, { clock: () => world.now, modelH: undefined })).release()
  const payer = await resumeCarried({ store: online, wallet: world.chain.wallet(), clock: () => world.now })
  await payer.release()
  return online
}

test('opened online, carried, paid without a network until saturated, closed later', async () => {
  const world = await World.create()
  const online = await openedElsewhere(world, 2n * COST)
  const carried = await exportChannel(online, { withKey: true })
  expect(world.enclave.calls).not.toContain('/dcml/v1/establish-payment-channel')

  const isolated = disk()
  await importChannel(carried, isolated)
  const client = world.client()
  const payer = await client.resumeChannel({ store: isolated })
  expect(await payer.establish()).toMatchObject({ deposited: 2n * COST, authorised: 0n })
  await (await ask(client)).text()
  await (await ask(client, { stream: false })).text()
  expect(payer.amounts()).toEqual({ deposited: 2n * COST, authorised: 2n * COST, spent: 2n * COST, settled: null })
  expect(await codeOf(() => ask(client, { stream: false }))).toBe('payment_deposit_exhausted')
  expect(await codeOf(() => payer.topUp(1n))).toBe('channel_wallet_missing')
  expect(await payer.close()).toMatchObject({ done: false, next: 'submit-approval' })
  await payer.release()

  await importChannel(await exportChannel(isolated), online)
  const back = await resumeCarried({ store: online, wallet: world.chain.wallet(), clock: () => world.now })
  expect(await back.close()).toEqual({ done: true, settled: 2n * COST })
  expect(world.chain.total()).toBe(world.total)
  expect(world.chain.balances.get('alice.test')).toBe(1_000_000n - 2n * COST)
})

test('a top-up is carried the same way, while the other side pays', async () => {
  const world = await World.create()
  const online = await openedElsewhere(world, 200n)
  const isolated = disk()
  await importChannel(await exportChannel(online, { withKey: true }), isolated)
  const client = world.client()
  let payer = await client.resumeChannel({ store: isolated })
  await payer.establish()
  await (await ask(client)).text()
  await payer.release()

  const home = await resumeCarried({ store: online, wallet: world.chain.wallet(), clock: () => world.now })
  expect(await home.topUp(300n)).toMatchObject({ deposited: 500n, spent: 0n })
  await home.release()
  await importChannel(await exportChannel(online), isolated)
  payer = await client.resumeChannel({ store: isolated })
  expect(await payer.establish()).toMatchObject({ deposited: 500n, spent: COST })
  await (await ask(client)).text()
  expect(payer.amounts()).toMatchObject({ spent: 2n * COST })
})

test('the file holds no key unless it was asked for, and without one nobody pays', async () => {
  const world = await World.create()
  const online = await openedElsewhere(world, 200n)
  const { key } = await online.load()
  const bare = await exportChannel(online)
  expect(bare).not.toContain(JSON.parse(key!).d)
  expect(await exportChannel(online, { withKey: true })).toContain(JSON.parse(key!).d)
  const isolated = disk()
  await importChannel(bare, isolated)
  expect(await codeOf(() => world.client().resumeChannel({ store: isolated }))).toBe('channel_key_missing')
  const other = await openedElsewhere(world, 100n)
  expect(await codeOf(() => importChannel(bare, other))).toBe('channel_store_used')
  expect(await codeOf(() => importChannel('{}', disk()))).toBe('channel_file_invalid')
  expect(await codeOf(() => exportChannel(disk()))).toBe('channel_store_empty')
})

test('a file that was edited on the way changes neither key, limits nor what was opened', async () => {
  const world = await World.create()
  const online = await openedElsewhere(world, 200n)
  const before = await online.load()
  const file = JSON.parse(await exportChannel(online, { withKey: true }))
  const importing = (edit: (copy: typeof file) => void) => {
    const copy = structuredClone(file)
    edit(copy)
    return codeOf(() => importChannel(JSON.stringify(copy), online))
  }
  const other = JSON.parse(file.key)
  const { privateKey } = generateKeyPairSync('ed25519')
  const { d, x } = privateKey.export({ format: 'jwk' })
  expect(
    await importing((copy) => {
      copy.key = JSON.stringify({ ...other, d, x })
    }),
  ).toBe('channel_file_invalid')
  expect(
    await importing((copy) => {
      copy.channel.payer.terms.prices.ownerOutput = '500'
    }),
  ).toBe('channel_file_invalid')
  expect(
    await importing((copy) => {
      copy.channel.payer.terms.channelId = '2'
    }),
  ).toBe('channel_store_used')
  expect(await online.load()).toEqual(before)
  expect(
    await importing((copy) => {
      copy.channel.policy.perRequestLimit = '200'
      copy.channel.payer.policy.perRequestLimit = '200'
      copy.channel.payer.authorised = '1'
    }),
  ).toBe('none')
  const { policy, payer } = parseRecord((await online.load()).state!)
  expect([policy, payer?.policy]).toEqual([parseRecord(before.state!).policy, parseRecord(before.state!).policy])
})

test('where no proof was carried the channel cannot be established', async () => {
  const world = await World.create()
  const online = await openedElsewhere(world, 200n)
  const { state, key } = await online.load()
  const record = JSON.parse(state!)
  const isolated = disk()
  await isolated.saveKey(key!)
  await isolated.saveState(JSON.stringify({ ...record, unproven: [{ ...record.unproven[0], bundle: null }] }))
  const payer = await world.client().resumeChannel({ store: isolated })
  expect(await codeOf(() => payer.establish())).toBe('channel_proof_missing')
  expect(parseRecord(state!).unproven[0]?.bundle).not.toBe(null)
})

test('a challenge is opened for only after the evidence beside it was verified', async () => {
  const fake = await startFakeEnclave()
  try {
    const now = new Date()
    const client = connect(fake)
    const { answer } = await (async () => {
      const world = await World.create()
      return { answer: JSON.parse(await world.client().challenge()) }
    })()
    const evidence = await evidenceOf(client)
    const file = JSON.stringify({ ...answer, evidence })
    const judged = await readChallenge(file, { policy: development(), roots: fake.roots, now })
    expect(judged.attested.claims.imageH).toEqual(fake.enclave.imageH)
    const stranger = await createSimulator({ seed: new Uint8Array(32).fill(3) })
    const judge = (text: string, roots = fake.roots, policy = development()) =>
      codeOf(() => readChallenge(text, { policy, roots, now }))
    expect(await judge(file, [stranger.rootDer])).toBe('attestation_refused')
    expect(await judge(file, fake.roots, development({ imageH: ['ab'.repeat(32)] }))).toBe('attestation_refused')
    expect(await judge(JSON.stringify({ ...answer, evidence: {} }))).toBe('attestation_refused')
    expect(await judge('{}')).toBe('challenge_file_invalid')
    expect(await judge(JSON.stringify({ ...answer, lightClient: '{}', evidence }))).toBe('challenge_file_invalid')
    client.close()
  } finally {
    await fake.close()
  }
})

/** The evidence that a receipt is kept with. */
async function evidenceOf(client: ReturnType<typeof connect>) {
  await (await client.fetch('/v1/chat/completions', { method: 'POST', body: '{"messages":[]}' })).text()
  const [record] = await Array.fromAsync(client.receipts.list())
  return record!.evidence
}
