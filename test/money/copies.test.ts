// What a copy of a running machine's memory is worth (paper §6.1): the bound that docs/channels.md states.
import type { ProvenEvent } from '@dcml/light-client'
import { signVoucher, toHex } from '@dcml/protocol'
import { expect, test } from 'vitest'
import { CHANNEL_STORAGE } from '../../contracts/model/src/channel.ts'
import { bytesOf, signerOf } from './keys.ts'
import type { Machine } from './machine.ts'
import { CHAIN } from './proofs.ts'
import { World } from './world.ts'

const KEY = signerOf('thief')
const RESERVED = 5

/** Mallory's own channel on her own machine, all of it authorised, and a request begun. */
async function using(isWhole: boolean): Promise<{ world: World; machine: Machine }> {
  const world = new World(undefined, 'mallory.test')
  await world.start()
  const { chain, mallory } = world
  const [machine] = mallory.machines as [Machine]
  const challenge = bytesOf('challenge')
  await machine.challenge(challenge)
  const prices = { maxOwnerPrices: chain.owner.prices, maxProviderPrices: { input: 9n, output: 9n } }
  const keys = { challenge: toHex(challenge), sessionKey: mallory.sessionKey, payerKey: toHex(KEY.publicKey) }
  const args = { provider: mallory.account, ...keys, ...prices }
  expect(chain.call('open_channel', mallory.account, args, CHANNEL_STORAGE + 500n)).toBe(true)
  world.look()
  await machine.establish(chain.events.at(-1) as ProvenEvent)
  await machine.voucher(await signVoucher(CHAIN, { channelId: 1n, authorised: 500n }, KEY))
  await machine.begin({ requestId: 'a', channelId: 1n, prompt: 1, most: 20, isWhole })
  return { world, machine }
}

test('copied-memory: a copy made after a reservation gives that reservation away, once, and no more', async () => {
  const { world, machine } = await using(false)
  await machine.work('a', RESERVED)
  const copy = (await machine.copied(machine.steps)) as Machine
  for (let sent = 0; sent < RESERVED; sent++) await machine.work('a', RESERVED)
  machine.kill()
  await copy.drop('a')
  const { approval } = await copy.requestClosure(1n)
  expect(approval).toMatchObject({ promptTokens: 1n, completionTokens: 0n })
  expect(world.sent.get('1 a')).toMatchObject({ prompt: 1, completion: RESERVED })
})

test('copied-memory: the copy that is not first neither reserves nor approves', async () => {
  const { machine } = await using(false)
  await machine.work('a', RESERVED)
  const copy = (await machine.copied(machine.steps)) as Machine
  for (let sent = 0; sent <= RESERVED; sent++) await machine.work('a', RESERVED)
  for (let sent = 0; sent < RESERVED; sent++) await copy.work('a', RESERVED)
  await expect(copy.work('a', RESERVED)).rejects.toThrow('another copy')
  await expect(copy.requestClosure(1n)).rejects.toThrow()
  expect((await machine.requestClosure(1n)).approval.completionTokens).toBe(BigInt(RESERVED))
})

test('copied-memory: an answer that leaves whole is charged before it leaves, so that a copy gives nothing away', async () => {
  const { machine } = await using(true)
  const copy = (await machine.copied(machine.steps)) as Machine
  await machine.work('a', 1)
  machine.kill()
  await expect(copy.work('a', 1)).rejects.toThrow('another copy')
  expect(copy.outbox.get('a') ?? []).toEqual([])
})
