import { createDevchain, type DevAccount, type Devchain } from '@dcml/devchain'
import { accountFromKey, connectNear, type Near } from '@dcml/near'
import { checkDeployment, checkModelContract, model, modelProvider, modelWallet } from '@dcml/near/model'
import { DcmlError } from '@dcml/protocol'
import {
  collectOwed,
  type DeploymentTerms,
  type DeployOptions,
  deployModelContract,
  deploymentCost,
  income,
  modelCode,
  moveIncome,
  setBeneficiary,
  setImages,
  setKeyEpoch,
  setPrices,
} from '@dcml/publisher'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'

const NEAR = 10n ** 24n
const DAY = 86_400_000
/** A module without a word in it. */
const EMPTY_WASM = Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0)
const contract = 'tale.charlie.test.near'
const bytes = (fill: number) => new Uint8Array(32).fill(fill)

let chain: Devchain
let charlie: DevAccount
let near: Near
let clean: number
let stop: () => Promise<void>
beforeAll(async () => {
  chain = createDevchain()
  charlie = chain.root.createAccount('charlie', { balance: 1000n * NEAR })
  const server = await chain.serve()
  near = connectNear({ networkId: chain.settings.chainId, nodes: server.url })
  stop = () => server.close()
  clean = chain.snapshot()
})
beforeEach(() => chain.revert(clean))
afterAll(() => stop())

const signer = ({ accountId, key }: DevAccount) => accountFromKey(accountId, key.secretKey)
const terms = (changes: Partial<DeploymentTerms> = {}): DeploymentTerms => ({
  owner: charlie.accountId,
  beneficiary: charlie.accountId,
  modelH: bytes(0x11),
  prices: { input: 2n * 10n ** 18n, output: 7n * 10n ** 18n },
  imageHs: [bytes(0x22)],
  ...changes,
})
const deploy = (options: Partial<DeployOptions> = {}) =>
  deployModelContract({ near, account: signer(charlie), contract, terms: terms(), ...options })
const owner = () => ({ near, account: signer(charlie), contract })
const spent = async (of: DevAccount, act: () => Promise<unknown>): Promise<bigint> => {
  const before = of.balance
  await act()
  return before - of.balance
}
const refusal = async (act: () => Promise<unknown>): Promise<DcmlError> => {
  const before = charlie.balance
  try {
    await act()
  } catch (error) {
    if (!DcmlError.isInstance(error)) throw error
    expect(charlie.balance).toBe(before)
    return error
  }
  throw new Error('it was accepted')
}

test('the first model of a network publishes the code, the next ones use it by its hash', async () => {
  for (const [name, transactions] of [
    ['tale', 2],
    ['saga', 1],
  ] as const) {
    const cost = await deploymentCost({ near })
    expect(cost.code).toBe(transactions === 2 ? BigInt(modelCode().wasm.length) * 10n ** 20n : 0n)
    let deployed: Awaited<ReturnType<typeof deploy>> | undefined
    const took = await spent(charlie, async () => {
      deployed = await deploy({ contract: `${name}.${charlie.accountId}` })
    })
    // no more than what was said, and not much less
    expect(took <= cost.total && took > cost.total - NEAR / 100n).toBe(true)
    expect(deployed?.hashes).toHaveLength(transactions)
    const state = chain.account(`${name}.${charlie.accountId}`).state
    expect(state.contract).toMatchObject({ type: 'Global', codeHash: modelCode().codeHash })
    expect(await model(near, `${name}.${charlie.accountId}`).terms()).toMatchObject({ model_h: bytes(0x11) })
  }
})

test('a model is opened once the published code has spread', async () => {
  let asked = 0
  const slow: Near = {
    ...near,
    request: async (method, params, options) => {
      if ((params as { request_type?: string }).request_type === 'view_global_contract_code' && ++asked < 4)
        throw new DcmlError('near_code_unknown', 'not yet', { hint: '' })
      return near.request(method, params, options)
    },
  }
  expect((await deploy({ near: slow })).hashes).toHaveLength(2)
  expect(asked).toBe(4)
})

test('an own copy of the code costs a tenth, and stays in the account', async () => {
  const cost = await deploymentCost({ near, code: 'own' })
  expect(cost).toMatchObject({ code: 0n, balance: BigInt(modelCode().wasm.length) * 10n ** 19n + NEAR / 50n })
  const took = await spent(charlie, () => deploy({ code: 'own' }))
  expect(took <= cost.total && took > cost.total - NEAR / 100n).toBe(true)
  expect(chain.account(contract).state.contract).toMatchObject({ type: 'Local', codeHash: modelCode().codeHash })
})

test('the storage of the longest terms is paid for', async () => {
  const parent = chain.root.createAccount('charlie'.padEnd(40, 'x'), { balance: 100n * NEAR })
  const long = `${'tale'.padEnd(63 - parent.accountId.length, 'x')}.${parent.accountId}`
  const root = charlie.accountId.slice(charlie.accountId.indexOf('.'))
  const { accountId: longest } = chain.root.createAccount('owner'.padEnd(64 - root.length, 'x'))
  const most = 2n ** 128n - 1n
  const imageHs = Array.from({ length: 16 }, (_, n) => bytes(n))
  await deployModelContract({
    near,
    account: signer(parent),
    contract: long,
    terms: terms({ owner: longest, beneficiary: longest, prices: { input: most, output: most }, imageHs }),
  })
  const { storageUsage } = chain.account(long).state
  expect(storageUsage * 10n ** 19n < NEAR / 50n).toBe(true)
})

test.each<[string, string, () => Partial<DeployOptions>]>([
  ['a name below another account', 'contract_name_invalid', () => ({ contract: 'tale.bob.near' })],
  ['a name two levels below', 'contract_name_invalid', () => ({ contract: `a.b.${charlie.accountId}` })],
  ['its own account', 'contract_name_invalid', () => ({ contract: charlie.accountId })],
  ['a modelH that is cut short', 'contract_terms_invalid', () => ({ terms: terms({ modelH: new Uint8Array(31) }) })],
  ['too many images', 'contract_terms_invalid', () => ({ terms: terms({ imageHs: Array(17).fill(bytes(1)) }) })],
  ['a price below zero', 'contract_terms_invalid', () => ({ terms: terms({ prices: { input: -1n, output: 0n } }) })],
  ['a fee that pays for griefing', 'contract_terms_invalid', () => ({ terms: terms({ closeFee: NEAR / 400n }) })],
  ['channels that end too soon', 'contract_terms_invalid', () => ({ terms: terms({ expiryMs: DAY }) })],
  ['an owner that is not there', 'account_unknown', () => ({ terms: terms({ owner: 'charly.test.near' }) })],
  ['an earner that is not there', 'account_unknown', () => ({ terms: terms({ beneficiary: 'da0.near' }) })],
  ['an owner that is no account', 'contract_terms_invalid', () => ({ terms: terms({ owner: 'Charlie' }) })],
])('a deployment with %s is refused before it costs anything', async (_, code, change) => {
  expect((await refusal(() => deploy(change()))).code).toBe(code)
})

test('nothing is opened twice, nor begun without the funds', async () => {
  await deploy({ code: 'own' })
  expect(await refusal(() => deploy())).toMatchObject({ code: 'contract_exists' })
  const poor = chain.root.createAccount('poor', { balance: 6n * NEAR })
  const attempt = { near, account: signer(poor), contract: `tale.${poor.accountId}`, terms: terms() }
  expect(await refusal(() => deployModelContract(attempt))).toMatchObject({ code: 'contract_funds_missing' })
  await deployModelContract({ ...attempt, code: 'own' })
})

test('the owner sets prices, images, key epoch and beneficiary; others cannot', async () => {
  await deploy({ code: 'own' })
  await setPrices({ ...owner(), prices: { input: 1n, output: 2n } })
  await setImages({ ...owner(), imageHs: [bytes(5), bytes(6)] })
  await setKeyEpoch({ ...owner(), keyEpoch: 3 })
  const { accountId: beneficiary } = chain.root.createAccount('dao')
  await setBeneficiary({ ...owner(), beneficiary })
  await expect(setBeneficiary({ ...owner(), beneficiary: `${beneficiary}x` })).rejects.toMatchObject({
    code: 'account_unknown',
  })
  expect(await model(near, contract).terms()).toMatchObject({
    prices: { input: 1n, output: 2n },
    image_hs: [bytes(5), bytes(6)],
    key_epoch: 3,
    beneficiary,
    challenge_period: BigInt(DAY) * 1_000_000n,
    close_fee: 10n ** 21n,
  })
  const implicit = 'ab'.repeat(32)
  await setBeneficiary({ ...owner(), beneficiary: implicit })
  expect(await model(near, contract).terms()).toMatchObject({ beneficiary: implicit })
  const stranger = signer(chain.root.createAccount('stranger'))
  await expect(setPrices({ ...owner(), account: stranger, prices: { input: 0n, output: 0n } })).rejects.toThrow(
    'only the owner',
  )
})

/** A host, and a payer whose channel of 1 NEAR ends unanswered: the lock goes to the beneficiary. */
async function forfeitedChannel(): Promise<void> {
  const [bob, alice] = ['bob', 'alice'].map((name) => chain.root.createAccount(name)) as [DevAccount, DevAccount]
  const provider = modelProvider({ near, account: signer(bob), contract })
  await provider.register({
    endpoint: 'https://bob',
    hostInput: 0n,
    hostOutput: 0n,
    porAccount: null,
    collateral: 9n * NEAR,
  })
  await provider.admit(bytes(7))
  const wallet = modelWallet({ near, account: signer(alice), contract })
  const maxPrices = { ownerInput: NEAR, ownerOutput: NEAR, hostInput: 0n, hostOutput: 0n }
  const opening = { provider: bob.accountId, challenge: bytes(8), sessionKey: bytes(7), payerKey: bytes(9), maxPrices }
  await wallet.open({ ...opening, deposit: NEAR })
  await wallet.open({ ...opening, deposit: 2n * NEAR })
  await wallet.startClose(1n)
  chain.advanceTime(DAY)
  await wallet.finishClose(1n)
}

test('income tells what is open, what was earned, and goes on where it stopped', async () => {
  const { fromBlock } = await deploy({ code: 'own' })
  await forfeitedChannel()
  chain.mine(4)
  const read: number[] = []
  const first = await income({ near, contract, from: fromBlock, onProgress: ({ done }) => void read.push(done) })
  expect(first).toMatchObject({
    beneficiary: charlie.accountId,
    open: [{ channelId: 2n, deposited: 2n * NEAR }],
    deposited: 2n * NEAR,
    settled: [{ channelId: 1n, toOwner: NEAR, toProvider: 0n, forfeited: true }],
    earned: NEAR,
    owed: 0n,
  })
  expect(read.at(-1)).toBe(first.next - fromBlock)
  expect(await income({ near, contract, from: first.next, firstChannel: 3n })).toMatchObject({
    open: [],
    settled: [],
    earned: 0n,
  })
})

test('income that could not be delivered is owed, collected, and moved on', async () => {
  const treasury = chain.root.createAccount('treasury', { balance: 5n * NEAR })
  await deploy({ code: 'own', terms: terms({ beneficiary: treasury.accountId }) })
  treasury.send(treasury.accountId, [{ type: 'DeleteAccount', beneficiaryId: charlie.accountId }], { mayFail: true })
  await forfeitedChannel()
  chain.mine(4)
  expect(await income({ near, contract, from: 0 })).toMatchObject({ earned: NEAR, owed: NEAR })

  const back = chain.root.createAccount('treasury', { balance: NEAR })
  const got = -(await spent(back, () => collectOwed({ ...owner(), of: back.accountId })))
  expect(got).toBe(NEAR)
  expect(await refusal(() => collectOwed({ ...owner(), of: back.accountId }))).toMatchObject({ code: 'nothing_owed' })
  const moved = -(await spent(charlie, () =>
    moveIncome({ near, account: signer(back), to: charlie.accountId, amount: NEAR }),
  ))
  expect(moved).toBe(NEAR)
})

test.each(['shared', 'own'] as const)(
  'a deployment with its code %s proves that nothing was there before',
  async (code) => {
    const { hashes } = await deploy({ code })
    expect(await checkDeployment(near, contract, hashes.at(-1)!)).toMatchObject({ name: 'history', status: 'pass' })
    const other = charlie.transfer(contract, 1n)
    expect(await checkDeployment(near, contract, other.hash)).toMatchObject({ status: 'fail' })
  },
)

test('poisoned-state: an account that had other code first passes for ours by its code, not by its deployment', async () => {
  await deploy()
  const { codeHash } = modelCode()
  const poisoned = charlie.createAccount('poisoned', { balance: 100n * NEAR })
  // whatever this one wrote is still there
  poisoned.deploy(EMPTY_WASM)
  const use = { type: 'UseGlobalContract', contract: { type: 'CodeHash', codeHash } } as const
  const { hash } = poisoned.send(poisoned.accountId, [use, { type: 'DeleteKey', publicKey: poisoned.key.publicKey }])
  const checks = await checkModelContract(near, poisoned.accountId)
  expect(checks.map(({ status }) => status)).toEqual(['pass', 'pass'])
  const history = (named: string) => checkDeployment(near, poisoned.accountId, named)
  await expect(history(hash)).rejects.toMatchObject({ code: 'near_transaction_unknown' })
})
