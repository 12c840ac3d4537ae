import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { buildContract } from '@dcml/contract-build'
import { loadEngine } from '@dcml/contract-engine'
import { createDevchain } from '@dcml/devchain'
import { utf8 } from '@dcml/protocol'
import { base58 } from '@scure/base'
import { expect, test } from 'vitest'
import { BUDGET } from '../src/budget.ts'
import { json, MILLI, modelH, NEAR, OWNER_PRICES } from './world.ts'

const built = buildContract({ entry: new URL('../src/model.ts', import.meta.url).pathname, budget: BUDGET })

test('a new model uses the one global contract by its hash, opened in the batch that makes its account', async () => {
  const { wasm, abi } = await built
  const chain = createDevchain()
  const auditor = chain.root.createAccount('auditor', { balance: 1000n * NEAR })
  auditor.send(auditor.accountId, [{ type: 'DeployGlobalContract', code: wasm, mode: 'CodeHash' }])
  const codeHash = abi.metadata.wasm_hash as string

  const charlie = chain.root.createAccount('charlie', { balance: 10n * NEAR })
  const before = charlie.balance
  const args = {
    owner: charlie.accountId,
    beneficiary: charlie.accountId,
    model_h: modelH,
    prices: OWNER_PRICES,
    image_hs: [modelH],
    challenge_period_ms: '3600000',
    expiry_ms: '2592000000',
    close_fee: `${MILLI}`,
  }
  const model = `model.${charlie.accountId}`
  const balance = 20n * MILLI
  charlie.send(model, [
    { type: 'CreateAccount' },
    { type: 'Transfer', deposit: balance },
    { type: 'UseGlobalContract', contract: { type: 'CodeHash', codeHash } },
    { type: 'FunctionCall', methodName: 'open', args: utf8(JSON.stringify(json(args))), gas: 10n ** 13n, deposit: 0n },
  ])
  expect(chain.account(model).view('terms')).toMatchObject({ owner: charlie.accountId, model_h: modelH })
  // what it holds, most of which is its storage, and the gas
  expect(before - charlie.balance < 30n * MILLI).toBe(true)
  expect(chain.account(model).state.storageUsage * 10n ** 19n < balance).toBe(true)
})

const here = (file: string) => readFileSync(new URL(`../${file}`, import.meta.url))

test('model.abi.json is the ABI of the source, and model.wasm the code that it names', async () => {
  const { abi } = await built
  const committed = JSON.parse(here('model.abi.json').toString())
  expect(committed.body).toEqual(JSON.parse(JSON.stringify(abi.body)))
  const hash = createHash('sha256').update(here('model.wasm')).digest()
  expect(committed.metadata.wasm_hash).toBe(base58.encode(hash))
  expect(readFileSync(new URL('../README.md', import.meta.url), 'utf8')).toContain(hash.toString('hex'))
})

test('a build from source gives the bytes of model.wasm', async ({ skip }) => {
  const { manifest } = await loadEngine()
  const compiler = manifest.inputs['clang-14']
  skip(compiler !== '1:14.0.6-12', `the engine was built with clang ${compiler}; the bytes are those of Debian 12`)
  const { wasm } = await built
  expect(Buffer.compare(wasm, here('model.wasm'))).toBe(0)
})
