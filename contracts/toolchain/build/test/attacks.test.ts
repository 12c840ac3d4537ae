import fc from 'fast-check'
import { beforeAll, expect, test } from 'vitest'
import { buildContract } from '../src/index.ts'
import { Contract, type Result } from './host.ts'

const build = async (name: string): Promise<Uint8Array> =>
  (await buildContract({ entry: new URL(`../fixtures/${name}`, import.meta.url).pathname })).wasm

let plainWasm: Uint8Array
let vaultWasm: Uint8Array
let carelessWasm: Uint8Array
beforeAll(async () => {
  ;[plainWasm, vaultWasm, carelessWasm] = await Promise.all([
    build('registry.ts'),
    build('vault.ts'),
    build('careless.ts'),
  ])
})

const self = { predecessor: 'vault.factory.near' }
const vault = async (): Promise<Contract> => {
  const contract = new Contract(vaultWasm, self.predecessor)
  expect(await contract.call('init', { owner: 'alice.near' }, self)).toMatchObject({ failure: undefined })
  return contract
}
const note = { by: 'mallory.near', body: 'hello', tags: ['red'], sealed: false }
/** Fails with this text, and storage is as before. */
async function refused(contract: Contract, call: () => Promise<Result>, why: string): Promise<void> {
  const before = new Map(contract.storage)
  expect((await call()).failure).toContain(why)
  expect(contract.storage).toEqual(before)
}

test('init: near-sdk-js lets a stranger go first, ours the account and its parent only, once', async () => {
  const plain = new Contract(plainWasm)
  await plain.call('init', { owner: 'mallory.near' }, { predecessor: 'mallory.near' })
  expect((await plain.call('get_owner')).returned).toBe('mallory.near')

  const ours = new Contract(vaultWasm, self.predecessor)
  for (const predecessor of ['mallory.near', 'near', 'x.factory.near', 'sub.vault.factory.near', 'vault.factory.nearx'])
    await refused(ours, () => ours.call('init', { owner: 'm.near' }, { predecessor }), 'may initialise it')
  expect((await ours.call('init', { owner: 'a.near' }, { predecessor: 'factory.near' })).failure).toBeUndefined()
  await refused(ours, () => ours.call('init', { owner: 'm.near' }, self), 'already initialized')
})

test('init: a top-level account has no parent to open it', async () => {
  const top = new Contract(vaultWasm, 'vault')
  await refused(top, () => top.call('init', { owner: 'm.near' }, { predecessor: 'mallory.near' }), 'may initialise it')
  expect((await top.call('init', { owner: 'a.near' }, { predecessor: 'vault' })).failure).toBeUndefined()
})

test('init: nothing else runs before it', async () => {
  const ours = new Contract(vaultWasm, self.predecessor)
  for (const [method, args] of [
    ['put', { note }],
    ['add', { amount: '1' }],
    ['get_note', { by: 'a.near' }],
  ] as const)
    await refused(ours, () => ours.call(method, args), 'must be initialized')
})

test('migrate: near-sdk-js lets a stranger take the contract, ours only the account itself', async () => {
  const plain = new Contract(plainWasm)
  await plain.call('init', { owner: 'alice.near' })
  await plain.call('migrate', {}, { predecessor: 'mallory.near' })
  expect((await plain.call('get_owner')).returned).toBe('mallory.near')

  const ours = new Contract(vaultWasm, self.predecessor)
  ours.storage.set('STATE', new TextEncoder().encode('{"owner":"alice.near","sum":"41"}'))
  await refused(
    ours,
    () => ours.call('migrate', { bonus: '1' }, { predecessor: 'factory.near' }),
    'only the contract itself',
  )
  expect((await ours.call('migrate', { bonus: '1' }, self)).failure).toBeUndefined()
  expect(ours.state).toEqual({ owner: 'alice.near', total: '42', last: null })
  await refused(ours, () => ours.call('migrate', { bonus: '1' }, self), 'expected')
})

test('migrate: without a state, or with one of another shape, nothing happens', async () => {
  const empty = new Contract(vaultWasm, self.predecessor)
  await refused(empty, () => empty.call('migrate', { bonus: '1' }, self), 'expected a state to migrate')
  const ours = await vault()
  await refused(ours, () => ours.call('migrate', { bonus: '1' }, self), 'expected')
})

test('state: near-sdk-js is bricked by one JSON value, ours refuses it and everything like it', async () => {
  const poison = { value: 'oops', typeInfo: 'bigint' }
  const plain = new Contract(plainWasm)
  await plain.call('init', { owner: 'alice.near' })
  expect((await plain.call('put', { note: poison })).failure).toBeUndefined()
  expect((await plain.call('get_owner')).failure).toContain('SyntaxError')

  const ours = await vault()
  for (const bad of [
    poison,
    { ...note, ...poison },
    { ...note, body: poison },
    { ...note, tags: [poison] },
    [poison],
    null,
  ])
    await refused(ours, () => ours.call('put', { note: bad }), 'expected')
  expect((await ours.call('put', { note })).failure).toBeUndefined()
  expect((await ours.call('get_note', { by: 'caller.near' })).returned).toEqual(note)
})

test('state: a sum too large to read back is not written', async () => {
  const ours = await vault()
  const most = `${2n ** 128n - 1n}`
  expect((await ours.call('add', { amount: most })).returned).toBe(most)
  await refused(ours, () => ours.call('add', { amount: '1' }), 'total: expected an integer of 128 bits')
  expect((await ours.call('add', { amount: '0' })).returned).toBe(most)
})

test('state: what did not change is not written', async () => {
  const ours = await vault()
  const write = (await ours.call('add', { amount: '1' })).gas
  const same = (await ours.call('add', { amount: '0' })).gas
  expect(write - same).toBeGreaterThan(60_000_000_000n)
})

test('state: whatever JSON strangers send, every later call still works', async () => {
  const near = fc.record({
    by: fc.constant('mallory.near'),
    body: fc.oneof(fc.string({ unit: 'binary', maxLength: 9 }), fc.jsonValue()),
    tags: fc.oneof(fc.constant(['red']), fc.jsonValue()),
    sealed: fc.oneof(fc.boolean(), fc.jsonValue()),
  })
  const calls = fc.array(
    fc.oneof(
      fc.tuple(fc.constant('put'), fc.record({ note: fc.oneof(near, fc.jsonValue()) })),
      fc.tuple(fc.constant('add'), fc.record({ amount: fc.oneof(fc.bigInt({ min: 0n }).map(String), fc.jsonValue()) })),
    ),
    { minLength: 1, maxLength: 4 },
  )
  await fc.assert(
    fc.asyncProperty(calls, async (sent) => {
      const ours = await vault()
      for (const [method, args] of sent) await ours.call(method, args)
      expect((await ours.call('get_note', { by: 'caller.near' })).failure).toBeUndefined()
      expect((await ours.call('add', { amount: '0' })).failure).toBeUndefined()
    }),
    { numRuns: 15 },
  )
})

test('integers: near-sdk-js loses digits, ours takes decimal strings only', async () => {
  const plain = new Contract(plainWasm)
  await plain.call('init', { owner: 'alice.near' })
  expect((await plain.call('pay', {}, { input: '{"amount":9007199254740993}' })).returned).toBe('9007199254740992')

  const ours = await vault()
  expect((await ours.call('add', { amount: '9007199254740993' })).returned).toBe('9007199254740993')
  for (const amount of [
    '9007199254740993',
    '1e3',
    '1.5',
    '-1',
    '"-1"',
    '"1e3"',
    '" 1"',
    '"0x1"',
    '""',
    'true',
    '["1"]',
    `"${2n ** 128n}"`,
  ])
    await refused(ours, () => ours.call('add', {}, { input: `{"amount":${amount}}` }), 'amount: expected')
})

test('arguments: extra, missing, not an object, not JSON, not UTF-8 are refused', async () => {
  const ours = await vault()
  for (const input of ['{"amount":"1","extra":1}', '{}', '[]', 'null', '"1"', '{', '', '{"amount":"1","__proto__":{}}'])
    await refused(ours, () => ours.call('add', {}, { input }), '')
  expect((await ours.call('add', {}, { input: '{"amount":"1","extra":1}' })).failure).toContain('nothing named extra')
})

test('promises: a renamed class still sends, for near-sdk-js too', async () => {
  const plain = new Contract(plainWasm)
  await plain.call('init', { owner: 'alice.near' })
  const { promises, returned } = await plain.call('ping', { to: 'bob.near' })
  expect(promises).toEqual(['to bob.near', expect.stringContaining('0 call ping'), expect.stringMatching(/^return 0$/)])
  expect(returned).toBeUndefined()
})

test('promises: one that is not returned is sent as well, with its callback', async () => {
  const ours = await vault()
  const { promises } = await ours.call('ping', { to: 'bob.near' })
  expect(promises).toEqual([
    'to bob.near',
    '0 call ping {} deposit 0 gas 5000000000000',
    `after 0 to ${self.predecessor}`,
    '2 call pinged {"to":"bob.near"} deposit 0 gas 5000000000000',
  ])
})

test('callbacks: near-sdk-js throws on a failed promise, ours reaches its failure path whatever came', async () => {
  const plain = new Contract(plainWasm, 'me.near')
  await plain.call('init', { owner: 'alice.near' })
  const me = { predecessor: 'me.near', results: [null] }
  expect((await plain.call('done', {}, me)).failure).toContain('Promise result Failed')

  const ours = await vault()
  const answer = async (result: string | null) =>
    (await ours.call('pinged', { to: 'bob.near' }, { ...self, results: [result] })).returned
  expect(await answer('{"pong":"7"}')).toBe('pong 7')
  expect(await answer(null)).toBe('failed')
  const hostile = ['', '{', 'null', '{"pong":7}', '{"pong":"7","x":1}', '{"pong":"700"}', '\u0000', '"\\ud800"']
  const huge = ['['.repeat(20_000), '['.repeat(60), '{"a":'.repeat(30), `"${'x'.repeat(5_000_000)}"`, ' '.repeat(100)]
  for (const result of [...hostile, ...huge]) expect(await answer(result)).toBe('unexpected')
})

test('callbacks: a hostile answer cannot burn more than a little gas', async () => {
  const ours = await vault()
  const worst = await ours.call('pinged', { to: 'b.near' }, { ...self, results: [`${'['.repeat(75)}`] })
  expect(worst.returned).toBe('unexpected')
  expect(worst.gas).toBeLessThan(2_000_000_000_000n)
})

test('callbacks: nobody else can call them, nor the account itself without a promise', async () => {
  const ours = await vault()
  const forged = { results: ['{"pong":"1"}'] }
  for (const predecessor of ['mallory.near', 'alice.near', 'factory.near'])
    await refused(
      ours,
      () => ours.call('pinged', { to: 'b.near' }, { predecessor, ...forged }),
      'only the contract itself',
    )
  await refused(ours, () => ours.call('pinged', { to: 'b.near' }, self), 'another number of promise results')
})

test('deposits: refused where none is taken, exact where one is', async () => {
  const ours = await vault()
  await refused(ours, () => ours.call('put', { note }, { deposit: 1n }), 'takes no deposit')
  await refused(ours, () => ours.call('get_note', { by: 'a.near' }, { deposit: 1n }), 'takes no deposit')
  const alice = { predecessor: 'alice.near' }
  for (const deposit of [0n, 2n, 10n ** 24n])
    await refused(ours, () => ours.call('move', { owner: 'b.near' }, { ...alice, deposit }), 'attach exactly 1')
  await refused(ours, () => ours.call('move', { owner: 'b.near' }, { deposit: 1n }), 'only the owner')
  expect((await ours.call('move', { owner: 'b.near' }, { ...alice, deposit: 1n })).failure).toBeUndefined()
})

test('tables: keys of one can never be keys of another, nor the state', async () => {
  const ours = await vault()
  await ours.call('put', { note }, { predecessor: 'state.near' })
  expect([...ours.storage.keys()]).toEqual(['STATE', 'note:state.near'])
})

test('events: NEP-297, exactly the declared fields', async () => {
  const ours = await vault()
  const { logs } = await ours.call('put', { note })
  expect(logs).toHaveLength(1)
  expect(JSON.parse((logs[0] as string).slice('EVENT_JSON:'.length))).toEqual({
    standard: 'vault',
    version: '1.0.0',
    event: 'noted',
    data: { note },
  })
})

test('views: one that a transaction calls cannot write, send, suspend or wake', async () => {
  const careless = new Contract(carelessWasm)
  for (const how of ['set', 'remove', 'send', 'suspend', 'resume'])
    await refused(careless, () => careless.call('look', { how }), 'a view changes nothing')
})

test('promises: a call to an account that a stranger names never carries our own rights', async () => {
  const careless = new Contract(carelessWasm, 'careless.near')
  expect((await careless.call('poke', { token: 'token.near' })).promises).toHaveLength(2)
  await refused(careless, () => careless.call('poke', { token: 'careless.near' }), 'cannot call itself as another')
  const ours = await vault()
  await refused(ours, () => ours.call('ping', { to: self.predecessor }), 'cannot call itself as another')
})

test('callbacks: one that could not run, with money on the way, is refused when it is scheduled', async () => {
  const careless = new Contract(carelessWasm)
  const send = (gas: bigint, weight: bigint, both: string) =>
    careless.call('send', { gas: `${gas}`, weight: `${weight}`, both })
  const enough = 4n * 10n ** 12n
  expect((await send(enough, 0n, 'no')).failure).toBeUndefined()
  // near-sdk-js schedules it; the caller then attaches so little gas that weight adds nothing
  await refused(careless, () => send(0n, 1n, 'no'), 'done needs 4 Tgas or more, apart from weight')
  await refused(careless, () => send(enough - 1n, 1n, 'no'), 'done needs 4 Tgas')
  await refused(careless, () => send(enough, 0n, 'yes'), 'done does not take 2 outcomes')
})

test('callbacks: goods full of brackets are no reason to refund; only what is really nested too deeply is', async () => {
  const careless = new Contract(carelessWasm)
  const delivered = async (answer: string) =>
    (await careless.call('delivered', {}, { predecessor: careless.account, results: [answer] })).returned
  expect(await delivered(`"${'[{'.repeat(450)}"`)).toBe('kept')
  expect(await delivered('['.repeat(5_000))).toBe('refunded')
  expect(await delivered(`${'['.repeat(2_000)}${']'.repeat(2_000)}`)).toBe('refunded')
})

test('storage: whoever fills it pays, by what it really took', async () => {
  const careless = new Contract(carelessWasm)
  const visit = (words: string, deposit: bigint) => careless.call('visit', { words }, { deposit })
  const cost = BigInt(40 + 'visit:caller.near'.length + 402) * 10n ** 19n
  await refused(careless, () => visit('x'.repeat(400), cost - 1n), `storage costs ${cost}`)
  expect((await visit('x'.repeat(400), cost)).failure).toBeUndefined()
  expect((await visit('x', 0n)).failure).toBeUndefined()
})
