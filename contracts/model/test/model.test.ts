import { expect, test } from 'vitest'
import {
  CHANNEL_STORAGE,
  CLOSE_FEE,
  challengeOf,
  eventsOf,
  HOST_PRICES,
  Key,
  modelH,
  NEAR,
  OWNER_PRICES,
  PROVIDER_STORAGE,
  SESSION_STORAGE,
  useCleanWorld,
  type World,
} from './world.ts'

let world: World
useCleanWorld((clean) => {
  world = clean
})

const yocto = { deposit: 1n }
const offer = { endpoint: 'https://new.example', prices: { input: 5n, output: 6n }, por_account: null }

test('the owner alone sets terms, with a full-access key, for channels that open later', () => {
  world.host()
  const old = world.openChannel()
  const changes: [string, object][] = [
    ['set_prices', { prices: { input: 1n, output: 2n } }],
    ['set_images', { image_hs: [] }],
    ['set_key_epoch', { key_epoch: '1' }],
    ['set_beneficiary', { beneficiary: world.charlie.accountId }],
  ]
  for (const [method, args] of changes) {
    expect(world.refused(world.stranger, method, args, yocto)).toContain('only the owner')
    expect(world.refused(world.charlie, method, args)).toContain('attach exactly 1 yoctoNEAR')
    expect(eventsOf(world.call(world.charlie, method, args, yocto))[0]?.[0]).toBe(`${method.replace('set_', '')}_set`)
  }
  expect(world.refused(world.charlie, 'set_key_epoch', { key_epoch: '1' }, yocto)).toContain('is 1 already')
  world.call(world.bob, 'update_provider', offer)

  const prices = { owner_input: `${OWNER_PRICES.input}`, host_output: `${HOST_PRICES.output}` }
  const at = { beneficiary: world.treasury.accountId, key_epoch: '0', prices }
  expect(world.model.view('channel', { channel_id: `${old}` })).toMatchObject(at)
  const next = world.openChannel(NEAR, world.alice, { max_provider_prices: offer.prices })
  expect(world.model.view('channel', { channel_id: `${next}` })).toMatchObject({
    beneficiary: world.charlie.accountId,
    key_epoch: '1',
    prices: { owner_input: '1', owner_output: '2', host_input: '5', host_output: '6' },
  })
  expect(world.model.view('terms')).toMatchObject({ model_h: modelH, image_hs: [], next_channel: '3' })
})

test('a channel opens at the prices the payer agreed to, or not at all', () => {
  world.host()
  const refused = (changes: object) =>
    world.refused(world.alice, 'open_channel', world.openArgs(changes), { deposit: NEAR + CHANNEL_STORAGE })
  const less = ({ input, output }: { input: bigint; output: bigint }) => [
    { input: input - 1n, output },
    { input, output: output - 1n },
  ]
  for (const max_owner_prices of less(OWNER_PRICES)) expect(refused({ max_owner_prices })).toContain("owner's prices")
  for (const max_provider_prices of less(HOST_PRICES))
    expect(refused({ max_provider_prices })).toContain("provider's prices")
  expect(world.held().deposited).toBe(0n)
})

test('the opening tells everything an enclave must check', () => {
  world.host()
  const result = world.call(world.alice, 'open_channel', world.openArgs(), { deposit: NEAR + CHANNEL_STORAGE })
  const { expires_at, ...told } = eventsOf(result)[0]![1]
  expect(BigInt(expires_at as string) > world.chain.head.header.timestamp).toBe(true)
  expect(told).toEqual({
    channel_id: '1',
    payer: world.alice.accountId,
    provider: world.bob.accountId,
    challenge: challengeOf(1),
    session_key: world.enclave.hex,
    payer_key: new Key('alice').hex,
    deposited: `${NEAR}`,
    prices: {
      owner_input: `${OWNER_PRICES.input}`,
      owner_output: `${OWNER_PRICES.output}`,
      host_input: `${HOST_PRICES.input}`,
      host_output: `${HOST_PRICES.output}`,
    },
    model_h: modelH,
    key_epoch: '0',
  })
})

test('a channel is told again, with what is deposited by then, for whoever asks, until it is gone', () => {
  world.host()
  const tell = (id: bigint) => eventsOf(world.call(world.stranger, 'tell_channel', { channel_id: id }))
  const args = world.openArgs()
  const opened = eventsOf(world.call(world.alice, 'open_channel', args, { deposit: NEAR + CHANNEL_STORAGE }))[0]![1]
  const seed = () => (world.model.view('channel', { channel_id: '1' }) as { seed: string }).seed
  const books = world.held()
  expect(tell(1n)).toEqual([['channel_told', { ...opened, seed: seed() }]])
  const first = seed()
  world.call(world.alice, 'top_up', { channel_id: 1n }, { deposit: NEAR })
  expect(seed()).not.toBe(first)
  // as it is, whatever was set since
  world.call(world.charlie, 'set_prices', { prices: { input: 1n, output: 2n } }, yocto)
  world.call(world.charlie, 'set_key_epoch', { key_epoch: '1' }, yocto)
  world.call(world.bob, 'dismiss_session', { session_key: world.enclave.hex })
  expect(tell(1n)).toEqual([['channel_told', { ...opened, deposited: `${2n * NEAR}`, seed: seed() }]])
  world.call(world.alice, 'start_close', { channel_id: 1n }, { deposit: CLOSE_FEE })
  expect(tell(1n)).toHaveLength(1)
  expect(world.held().deposited).toBe(books.deposited! + NEAR)
  expect(world.refused(world.stranger, 'tell_channel', { channel_id: 1n }, yocto)).toMatch(/deposit/)
  world.call(world.bob, 'answer_close', world.approval({ channelId: 1n }))
  for (const channel_id of [0n, 1n, 2n])
    expect(world.refused(world.stranger, 'tell_channel', { channel_id })).toContain('there is no open channel')
  expect(world.surplus()).toBeGreaterThanOrEqual(0n)
})

test('collateral: what channels lock stays, the rest comes and goes, leaving returns all', () => {
  const before = world.wealth(world.bob)
  world.host(world.bob, 10n * NEAR)
  expect(world.refused(world.bob, 'register_provider', offer, { deposit: NEAR })).toContain('a provider already')
  const id = world.openChannel(8n * NEAR)
  expect(world.refused(world.alice, 'open_channel', world.openArgs(), { deposit: 3n * NEAR })).toContain(
    'of free collateral',
  )
  expect(world.refused(world.bob, 'withdraw_collateral', { amount: 2n * NEAR + 1n }, yocto)).toContain('are free')
  expect(world.refused(world.stranger, 'withdraw_collateral', { amount: 1n }, yocto)).toContain('is not a provider')
  expect(world.refused(world.bob, 'leave', {}, yocto)).toContain('channels lock')
  world.call(world.bob, 'deposit_collateral', {}, { deposit: NEAR })
  world.call(world.bob, 'withdraw_collateral', { amount: 3n * NEAR }, yocto)
  expect(world.free()).toBe(0n)
  expect(world.refused(world.alice, 'top_up', { channel_id: id }, { deposit: 1n })).toContain('of free collateral')
  world.call(world.alice, 'close', world.approval({ channelId: id }))
  expect(world.refused(world.bob, 'leave', {}, yocto)).toContain('dismiss your 1 session keys first')
  world.call(world.bob, 'dismiss_session', { session_key: world.enclave.hex })
  world.call(world.bob, 'leave', {}, yocto)
  expect(world.model.view('provider', { account: world.bob.accountId })).toBe(null)
  expect(before - world.wealth(world.bob)).toBe(2n)
  expect(Object.values(world.held()).every((amount) => amount === 0n)).toBe(true)
  expect(world.surplus()).toBe(2n)
})

test('a transfer that fails is owed, holds up no other, and is sent when it is collected', () => {
  world.host()
  const ghost = world.chain.root.createAccount('ghost', { balance: 100n * NEAR })
  const id = world.openChannel(NEAR, ghost)
  const { owner, host, spent } = world.shares(10n, 20n)
  ghost.send(ghost.accountId, [{ type: 'DeleteAccount', beneficiaryId: world.stranger.accountId }])
  const gained = [world.treasury, world.bob].map((account) => world.wealth(account))
  const approval = world.approval({ channelId: id, promptTokens: 10n, completionTokens: 20n })
  const closed = world.call(world.bob, 'close', approval, { mayFail: true })
  const owed = NEAR - spent + CHANNEL_STORAGE
  expect(eventsOf(closed).at(-1)).toEqual(['owed', { account: ghost.accountId, amount: `${owed}`, total: `${owed}` }])
  expect([world.treasury, world.bob].map((account, at) => world.wealth(account) - (gained[at] as bigint))).toEqual([
    owner,
    host,
  ])
  expect(world.model.view('owed_of', { account: ghost.accountId })).toBe(`${owed}`)
  expect(world.surplus()).toBe(0n)

  // still gone: owed again
  world.call(world.stranger, 'collect_owed', { account: ghost.accountId }, { mayFail: true })
  expect(world.held().owed).toBe(owed)
  const back = world.chain.root.createAccount('ghost', { balance: NEAR })
  expect(world.change(back, () => world.call(world.stranger, 'collect_owed', { account: ghost.accountId }))).toBe(owed)
  expect(world.refused(world.stranger, 'collect_owed', { account: ghost.accountId })).toContain('is owed nothing')
  expect(world.surplus()).toBe(0n)
})

test('nobody pretends that a transfer of ours failed', () => {
  const payouts = [{ account: world.stranger.accountId, amount: NEAR }]
  for (const method of ['paid', 'paid_two', 'paid_three'])
    expect(world.refused(world.stranger, method, { payouts })).toContain('only the contract itself')
})

test('whoever uses storage pays for it, at the longest names and amounts', () => {
  const long = (name: string) => {
    const parent = world.chain.root.createAccount(name.padEnd(64 - '.test.near'.length, 'x'), { balance: 900n * NEAR })
    expect(parent.accountId).toHaveLength(64)
    return parent
  }
  const [host, payer, treasury] = [long('host'), long('payer'), long('treasury')]
  world.call(world.charlie, 'set_beneficiary', { beneficiary: treasury.accountId }, yocto)
  const most = 2n ** 128n - 1n
  const prices = { input: most, output: most }
  world.call(world.charlie, 'set_prices', { prices }, yocto)
  const bytes = () => world.model.state.storageUsage
  const perByte = 10n ** 19n
  const grows = (paid: bigint, doing: () => void) => {
    const before = bytes()
    doing()
    const cost = (bytes() - before) * perByte
    expect(cost > 0n && cost <= paid).toBe(true)
  }
  const endpoint = 'é'.repeat(256)
  grows(PROVIDER_STORAGE, () =>
    world.call(
      host,
      'register_provider',
      { endpoint, prices, por_account: treasury.accountId },
      { deposit: 800n * NEAR },
    ),
  )
  grows(SESSION_STORAGE, () => world.call(host, 'admit_session', { session_key: world.enclave.hex }))
  grows(CHANNEL_STORAGE, () => {
    const changes = { provider: host.accountId, max_owner_prices: prices, max_provider_prices: prices }
    const id = world.openChannel(700n * NEAR, payer, changes)
    world.call(payer, 'start_close', { channel_id: id }, { deposit: 10n ** 21n })
  })
})
