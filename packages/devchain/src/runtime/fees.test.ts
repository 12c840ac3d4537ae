import { expect, test } from 'vitest'
import { paramsFor } from '../params/index.ts'
import { transactionCost } from './cost.ts'
import { execFee, sendFees } from './fees.ts'
import { FULL_ACCESS, keyPair } from './test/world.ts'

const params = paramsFor(86)
const { publicKey } = keyPair('alice')
const cost = (signerId: string, receiverId: string, actions: Parameters<typeof sendFees>[2], gasPrice = 10n ** 8n) =>
  transactionCost(params, { signerId, receiverId, publicKey, actions }, gasPrice)!

// Outcomes of transfers on mainnet and testnet, as the RPC examples of near/docs show them: gas_burnt 223182562500,
// tokens_burnt 22318256250000000000 (e.g. testnet transaction ASS7oYwGiem9HaNwJe6vS2kznx2CxueKDvU9BAYJRjNR).
test('a transfer costs what public transactions show', () => {
  const { gasBurnt, burntAmount, gasRemaining } = cost('sender.testnet', 'receiver.testnet', [
    { type: 'Transfer', deposit: 1n },
  ])
  expect(gasBurnt).toBe(223_182_562_500n)
  expect(burntAmount).toBe(22_318_256_250_000_000_000n)
  expect(gasRemaining).toBe(223_182_562_500n)
})

test('gas for a receipt is bought at 10^9 even when the block asks less, and burnt at the block price when sending', () => {
  const low = cost('a.near', 'b.near', [{ type: 'Transfer', deposit: 5n }])
  expect(low.receiptGasPrice).toBe(10n ** 9n)
  expect(low.totalCost).toBe(223_182_562_500n * (10n ** 8n + 10n ** 9n) + 5n)
  expect(cost('a.near', 'b.near', [], 2n * 10n ** 9n).receiptGasPrice).toBe(2n * 10n ** 9n)
})

// nearcore `core/parameters/src/cost.rs`, `transfer_send_fee` and `transfer_exec_fee`
test('a transfer to an implicit name pays for an account, whoever it belongs to', () => {
  const transfer = { type: 'Transfer', deposit: 0n } as const
  const send = (id: string) => sendFees(params, false, [transfer], id) - sendFees(params, false, [transfer], 'a.near')
  const exec = (id: string) => execFee(params, transfer, id) - execFee(params, transfer, 'a.near')
  const create = params.fees.create_account
  const key = params.fees.add_full_access_key
  expect(send('f'.repeat(64))).toBe(create.sendNotSir + key.sendNotSir)
  expect(exec('f'.repeat(64))).toBe(create.execution + key.execution)
  expect(send(`0x${'a'.repeat(40)}`)).toBe(create.sendNotSir)
  expect(exec(`0s${'a'.repeat(40)}`)).toBe(create.execution)
})

test('a function call pays by the byte of its method and arguments, less to oneself', () => {
  const call = { type: 'FunctionCall', methodName: 'né', args: new Uint8Array(7), gas: 1n, deposit: 0n } as const
  expect(execFee(params, call, 'a.near')).toBe(780_000_000_000n + 10n * 2_235_934n)
  expect(sendFees(params, true, [call], 'a.near')).toBe(200_000_000_000n + 10n * 2_235_934n)
  expect(sendFees(params, false, [call], 'a.near')).toBe(200_000_000_000n + 10n * 47_683_715n)
})

test('a gas key pays for each nonce it opens', () => {
  const key = (permission: Extract<Parameters<typeof execFee>[1], { type: 'AddKey' }>['accessKey']['permission']) =>
    ({ type: 'AddKey', publicKey, accessKey: { nonce: 0n, permission } }) as const
  const gasKey = key({ type: 'GasKeyFullAccess', gasKey: { balance: 0n, numNonces: 3 } })
  const plain = key(FULL_ACCESS)
  const rowBytes = 2n + 6n + 33n + 2n + 8n
  expect(execFee(params, gasKey, 'a.near') - execFee(params, plain, 'a.near')).toBe(
    3n * (64_196_736_000n + rowBytes * 101_435_400n),
  )
  expect(sendFees(params, false, [gasKey], 'a.near') - sendFees(params, false, [plain], 'a.near')).toBe(
    18n * 59_357_464n,
  )
})

test('a relayer pays ahead for sending and running what it carries', () => {
  const inner = [{ type: 'Transfer', deposit: 7n } as const]
  const delegateAction = {
    senderId: 'sender.near',
    receiverId: 'shop.near',
    actions: inner,
    nonce: 1n,
    maxBlockHeight: 1n,
    publicKey,
  }
  const wrapped = cost('relayer.near', 'sender.near', [{ type: 'Delegate', delegateAction, signature: '' }])
  const direct = cost('sender.near', 'shop.near', inner)
  expect(wrapped.depositCost).toBe(7n)
  expect(wrapped.gasBurnt).toBe(direct.gasBurnt + params.fees.delegate.sendNotSir)
  expect(wrapped.gasRemaining).toBe(
    direct.gasRemaining + // the inner receipt
      params.fees.transfer.sendNotSir + // its sending, burnt on the sender's account
      params.fees.delegate.execution +
      params.fees.action_receipt_creation.execution,
  )
})

test('a cost that does not fit in 128 bits has no figure', () => {
  const transfer = { type: 'Transfer', deposit: 2n ** 128n - 1n } as const
  expect(
    transactionCost(params, { signerId: 'a.near', receiverId: 'b.near', publicKey, actions: [transfer] }, 1n),
  ).toBeNull()
})

// nearcore `config.rs`, test `ml_dsa_65_outer_verify_charged_as_burnt_gas`
test('a post-quantum signature costs more to convert and nothing more to run', () => {
  const actions = [{ type: 'Transfer', deposit: 1n } as const]
  const classical = cost('a.near', 'b.near', actions)
  const quantum = transactionCost(
    params,
    { signerId: 'a.near', receiverId: 'b.near', publicKey: 'ml-dsa-65:1', actions },
    10n ** 8n,
  )!
  expect(quantum.gasBurnt - classical.gasBurnt).toBe(100_000_000_000n)
  expect(quantum.gasRemaining).toBe(classical.gasRemaining)
})
