import { fromHex } from '@dcml/protocol'
import { approvalText, evidenceArgs, NODE, partiesOf } from './answers.ts'
import { PorNetwork } from './por-network.ts'
import {
  CHANNEL_STORAGE,
  CLOSE_FEE,
  challengeOf,
  HOST_PRICES,
  Key,
  NEAR,
  OWNER_PRICES,
  PROVIDER_STORAGE,
  prices,
  World,
} from './world.ts'

/** Gas of a method: its own receipt's, and with the transaction, transfers and callbacks. */
export interface Gas {
  readonly own: bigint
  readonly all: bigint
}

/**
 * Every method once, dearest case; what the call took with all it led to.
 * @param channels how many others there are
 */
export function measureGas(wasm: Uint8Array, channels = 0): Map<string, Gas> {
  const world = new World(wasm, { protocolVersion: 86 })
  if (channels > 0) populate(world, channels)
  const por = new PorNetwork(world.chain)
  const gas = new Map<string, Gas>()
  const call: World['call'] = (by, method, args, options) => {
    const result = world.call(by, method, args, options)
    const own = result.trace.root.children[0]?.outcome?.gasBurnt ?? 0n
    gas.set(method, { own, all: result.gasBurnt })
    return result
  }
  host(world, por, call)
  ends(world, por, call)
  terms(world, call)
  return gas
}

const yocto = { deposit: 1n }

function host(world: World, por: PorNetwork, call: World['call']): void {
  const offer = { endpoint: 'https://bob.example', prices: HOST_PRICES, por_account: por.id }
  call(world.bob, 'register_provider', offer, { deposit: 100n * NEAR + PROVIDER_STORAGE })
  call(world.bob, 'update_provider', offer)
  call(world.bob, 'deposit_collateral', {}, { deposit: NEAR })
  call(world.bob, 'withdraw_collateral', { amount: NEAR }, yocto)
  call(world.bob, 'admit_session', { session_key: world.enclave.hex })
  const leaver = world.chain.root.createAccount('leaver')
  world.host(leaver, NEAR)
  call(leaver, 'dismiss_session', { session_key: world.enclave.hex })
  call(leaver, 'leave', {}, yocto)
}

/** Channels to each of their ends. */
function ends(world: World, por: PorNetwork, call: World['call']): void {
  const open = () =>
    BigInt(call(world.alice, 'open_channel', world.openArgs(), { deposit: NEAR + CHANNEL_STORAGE }).json())
  const start = (id: bigint) => call(world.alice, 'start_close', { channel_id: id }, { deposit: CLOSE_FEE })
  const used = { promptTokens: 10n, completionTokens: 20n }

  let id = open()
  call(world.alice, 'top_up', { channel_id: id }, { deposit: NEAR })
  call(world.stranger, 'tell_channel', { channel_id: id })
  call(world.alice, 'close', world.approval({ channelId: id, ...used }))
  id = open()
  start(id)
  call(world.bob, 'answer_close', world.approval({ channelId: id, ...used }))
  id = open()
  start(id)
  world.afterPeriod()
  call(world.alice, 'finish_close', { channel_id: id })
  por.register(world.bob, NODE)
  const edge = por.join({ account: world.bob, key: NODE })
  id = open()
  // dearest: all of an approval is looked at, and the signature under it is another's
  const parties = partiesOf(world, por.id, id)
  const nearly = approvalText(parties, world.enclave, fromHex(challengeOf(1)), prices, { key: NODE })
  const isClosed = [call(world.alice, 'close_invalid_response', evidenceArgs(parties, nearly)).json()]
  id = open()
  por.cutOff(world.bob, edge)
  isClosed.push(call(world.alice, 'close_disconnected', { channel_id: id }).json())
  if (isClosed.includes(false)) throw new Error('a fault was denied')
  id = open()
  world.afterExpiry()
  call(world.stranger, 'expire', { channel_id: id })
  const ghost = world.chain.root.createAccount('ghost', { balance: 10n * NEAR })
  id = world.openChannel(NEAR, ghost)
  ghost.send(ghost.accountId, [{ type: 'DeleteAccount', beneficiaryId: world.alice.accountId }])
  world.call(world.bob, 'close', world.approval({ channelId: id }), { mayFail: true })
  world.chain.root.createAccount('ghost', { balance: NEAR })
  call(world.stranger, 'collect_owed', { account: ghost.accountId })
}

function terms(world: World, call: World['call']): void {
  const images = Array.from({ length: 16 }, (_, n) => new Key(`${n}`).hex)
  call(world.charlie, 'set_prices', { prices: OWNER_PRICES }, yocto)
  call(world.charlie, 'set_images', { image_hs: images }, yocto)
  call(world.charlie, 'set_key_epoch', { key_epoch: '1' }, yocto)
  call(world.charlie, 'set_beneficiary', { beneficiary: world.charlie.accountId }, yocto)
}

/** Rows written at once. */
const BATCH = 25_000

/**
 * Writes so many channels straight into the contract's storage, with the ids they would have, and lets the next one
 * follow: rows as the contract wrote the first.
 */
export function populate(world: World, channels: number): void {
  const { chain, model } = world
  const before = chain.snapshot()
  world.host()
  world.openChannel()
  const row = stored(world, 'channel:1')
  chain.revert(before)
  const record = (key: string, value: Buffer) => ({
    Data: {
      account_id: model.accountId,
      data_key: Buffer.from(key).toString('base64'),
      value: value.toString('base64'),
    },
  })
  for (let first = 1; first <= channels; first += BATCH) {
    const count = Math.min(BATCH, channels + 1 - first)
    chain.patchState(Array.from({ length: count }, (_, n) => record(`channel:${first + n}`, row)))
  }
  const state = { ...JSON.parse(stored(world, 'STATE').toString()), nextChannel: `${channels + 1}` }
  chain.patchState([record('STATE', Buffer.from(JSON.stringify(state)))])
}

/** A row of the contract's storage, as it lies in the trie. */
function stored({ chain, model }: World, key: string): Buffer {
  const end = `${model.accountId},${key}`
  for (const [path, value] of chain.stateAfter(chain.head).entries(new Uint8Array()))
    if (Buffer.from(path).toString('latin1').endsWith(end)) return Buffer.from(value)
  throw new Error(`no row ${key}`)
}
