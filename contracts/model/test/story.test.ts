import { encodeApproval } from '@dcml/protocol'
import type { NearAccount, Worker } from 'near-workspaces'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { startWorker } from '../../hello/test/sandbox.ts'
import { CHANNEL_STORAGE, challengeOf, Key, modelWasm, NEAR, PROVIDER_STORAGE, SESSION_STORAGE } from './world.ts'

const gas = 300n * 10n ** 12n
const prices = { input: '1000', output: '2000' }

let worker: Worker
let model: NearAccount
let accounts: Record<'owner' | 'host' | 'payer' | 'treasury', NearAccount>

beforeAll(async () => {
  // near-api-js 5 prints every receipt
  for (const level of ['log', 'warn', 'error'] as const) vi.spyOn(console, level).mockReturnValue()
  const [started, wasm] = await Promise.all([startWorker(), modelWasm()])
  worker = started
  const make = (name: string) => worker.rootAccount.createSubAccount(name, { initialBalance: 200n * NEAR })
  accounts = {
    owner: await make('owner'),
    host: await make('host'),
    payer: await make('payer'),
    treasury: await make('treasury'),
  }
  model = await worker.rootAccount.devDeploy(Buffer.from(wasm), { initialBalance: 20n * NEAR })
})
afterAll(() => worker?.tearDown())

test('the main story on near-workspaces: open the model, host it, open a channel, use it, close it', async () => {
  const { owner, host, payer, treasury } = accounts
  const enclave = new Key('enclave')
  await model.call(model, 'open', {
    owner: owner.accountId,
    beneficiary: treasury.accountId,
    model_h: '11'.repeat(32),
    prices,
    image_hs: [],
    challenge_period_ms: '60000',
    expiry_ms: '600000',
    close_fee: '0',
  })
  const offer = { endpoint: 'https://host.example', prices, por_account: null }
  const attachedDeposit = 50n * NEAR + PROVIDER_STORAGE + SESSION_STORAGE
  await host.call(model, 'register_provider', offer, { attachedDeposit, gas })
  await host.call(model, 'admit_session', { session_key: enclave.hex }, { gas })
  const opening = {
    provider: host.accountId,
    challenge: challengeOf(7),
    session_key: enclave.hex,
    payer_key: new Key('payer').hex,
    max_owner_prices: prices,
    max_provider_prices: prices,
  }
  const id = await payer.call(model, 'open_channel', opening, { attachedDeposit: NEAR + CHANNEL_STORAGE, gas })
  expect(id).toBe('1')
  expect(await model.view('provider', { account: host.accountId })).toMatchObject({
    free: `${49n * NEAR}`,
    locked: `${NEAR}`,
  })

  const facts = { promptTokens: 3n, completionTokens: 4n, spent: 3n * 2000n + 4n * 4000n, counter: 1n }
  const { chain_id } = await (
    worker as unknown as { provider: { status(): Promise<{ chain_id: string }> } }
  ).provider.status()
  const domain = {
    tag: 'dcml/approval',
    version: 1,
    networkId: chain_id,
    contract: model.accountId,
    subject: enclave.publicKey,
  }
  const challenge = Uint8Array.from(Buffer.from(challengeOf(7), 'hex'))
  const signature = enclave.sign(encodeApproval({ domain, channelId: 1n, challenge, ...facts }))
  const before = BigInt((await treasury.balance()).total)
  await payer.call(
    model,
    'close',
    {
      channel_id: '1',
      challenge: challengeOf(7),
      prompt_tokens: '3',
      completion_tokens: '4',
      spent: `${facts.spent}`,
      counter: '1',
      signature: Buffer.from(signature).toString('base64'),
    },
    { gas },
  )
  expect(BigInt((await treasury.balance()).total) - before).toBe(3n * 1000n + 4n * 2000n)
  expect(await model.view('channel', { channel_id: '1' })).toBe(null)
  expect(await model.view('totals')).toEqual({
    deposited: '0',
    collateral: `${50n * NEAR}`,
    owed: '0',
    fees: '0',
    storage: `${PROVIDER_STORAGE + SESSION_STORAGE}`,
  })
})
