// Receipts and what is in them, for property tests.
import { type AccessKey, type Action, formatHash, formatPublicKey, formatSignature } from '@dcml/light-client'
import fc from 'fast-check'
import type { Receipt, ReceiptBody } from '../src/wire/types.ts'

const u64 = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n })
/** What JSON numbers carry exactly. */
const exact = fc.nat(2 ** 40).map(BigInt)
const u128 = fc.bigInt({ min: 0n, max: 2n ** 128n - 1n })
const bytes = fc.uint8Array({ maxLength: 20 })
const accountId = fc.constantFrom('alice.near', 'bob.near', 'system', 'a'.repeat(64), `0s${'1'.repeat(40)}`)
const name = fc.string({ maxLength: 8 })
export const hash = fc.uint8Array({ minLength: 32, maxLength: 32 }).map(formatHash)
const publicKey = fc.oneof(
  hash.map((text) => `ed25519:${text}`),
  fc.uint8Array({ minLength: 64, maxLength: 64 }).map((raw) => formatPublicKey({ curve: 'secp256k1', bytes: raw })),
)
const signature = fc
  .uint8Array({ minLength: 64, maxLength: 64 })
  .map((raw) => formatSignature({ curve: 'ed25519', bytes: raw.map((byte, i) => (i === 63 ? byte & 0x1f : byte)) }))

const restriction = { allowance: fc.option(u128), receiverId: accountId, methodNames: fc.array(name, { maxLength: 2 }) }
const gasKey = fc.record({ balance: u128, numNonces: fc.nat(1024) })
export const accessKey: fc.Arbitrary<AccessKey> = fc.record({
  nonce: exact,
  permission: fc.oneof(
    fc.record({ type: fc.constant('FullAccess' as const) }),
    fc.record({ type: fc.constant('FunctionCall' as const), ...restriction }),
    fc.record({ type: fc.constant('GasKeyFunctionCall' as const), gasKey, ...restriction }),
    fc.record({ type: fc.constant('GasKeyFullAccess' as const), gasKey }),
  ),
})

const contract = fc.oneof(
  fc.record({ type: fc.constant('CodeHash' as const), codeHash: hash }),
  fc.record({ type: fc.constant('AccountId' as const), accountId }),
)
const of = <T extends Action['type'], F extends object>(type: T, fields: F) =>
  fc.record({ type: fc.constant(type), ...fields })
const simple: fc.Arbitrary<Action> = fc.oneof(
  of('CreateAccount', {}),
  of('DeployContract', { code: bytes }),
  of('FunctionCall', { methodName: name, args: bytes, gas: exact, deposit: u128 }),
  of('Transfer', { deposit: u128 }),
  of('Stake', { stake: u128, publicKey }),
  of('AddKey', { publicKey, accessKey }),
  of('DeleteKey', { publicKey }),
  of('DeleteAccount', { beneficiaryId: accountId }),
  of('DeployGlobalContract', { code: bytes, mode: fc.constantFrom('CodeHash' as const, 'AccountId' as const) }),
  of('UseGlobalContract', { contract }),
  of('DeterministicStateInit', {
    stateInit: fc.record({ code: contract, data: bytes.map((key) => [[key, key] as const]) }),
    deposit: u128,
  }),
  of('TransferToGasKey', { publicKey, deposit: u128 }),
  of('WithdrawFromGasKey', { publicKey, amount: u128 }),
) as fc.Arbitrary<Action>
const delegate = {
  senderId: accountId,
  receiverId: accountId,
  actions: fc.array(simple, { maxLength: 2 }),
  nonce: exact,
  maxBlockHeight: exact,
  publicKey,
}
export const action: fc.Arbitrary<Action> = fc.oneof(
  simple,
  of('Delegate', { delegateAction: fc.record(delegate), signature }),
  of('DelegateV2', {
    delegateAction: fc.record({ ...delegate, nonceIndex: fc.nat(9) }, { requiredKeys: Object.keys(delegate) as [] }),
    signature,
  }),
) as fc.Arbitrary<Action>

const actionReceipt = {
  type: fc.constantFrom('Action' as const, 'PromiseYield' as const),
  signerId: accountId,
  signerPublicKey: publicKey,
  gasPrice: u128,
  outputDataReceivers: fc.array(fc.record({ dataId: hash, receiverId: accountId }), { maxLength: 2 }),
  inputDataIds: fc.array(hash, { maxLength: 2 }),
  actions: fc.array(action, { maxLength: 3 }),
}
const data = { dataId: hash, data: fc.option(bytes) }
const body = fc.oneof(
  fc.record(actionReceipt),
  fc.record({ ...actionReceipt, refundTo: fc.option(accountId) }),
  fc.record({ type: fc.constantFrom('Data' as const, 'PromiseResume' as const), ...data }),
  fc.record({ type: fc.constant('GlobalContractDistribution' as const), id: contract, code: bytes, nonce: exact }),
) as fc.Arbitrary<ReceiptBody>

export const receipt: fc.Arbitrary<Receipt> = fc.record({
  predecessorId: accountId,
  receiverId: accountId,
  receiptId: hash,
  body,
})
export { accountId, bytes, publicKey, u64, u128 }
