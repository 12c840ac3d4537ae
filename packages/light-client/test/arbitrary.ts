// Any NEAR object, for property tests.
import { toHex } from '@dcml/protocol'
import fc from 'fast-check'
import type {
  AccessKeyPermission,
  Action,
  DelegateAction,
  GlobalContractIdentifier,
  SignedTransaction,
  Transaction,
} from '../src/index.ts'
import { base58 } from '../src/wire/base58.ts'

export const u64 = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n })
export const u128 = fc.bigInt({ min: 0n, max: 2n ** 128n - 1n })
export const bytes = fc.uint8Array({ maxLength: 40 })
export const accountId = fc.stringMatching(/^[a-z0-9]{2,9}([-_.][a-z0-9]{1,9}){0,3}$/)
export const hash = fc.uint8Array({ minLength: 32, maxLength: 32 }).map((raw) => base58.encode(raw))
const string = fc.string({ unit: 'grapheme', maxLength: 20 })

const keyed = (sizes: Record<string, number>) =>
  fc
    .constantFrom(...Object.entries(sizes))
    .chain(([curve, length]) =>
      fc
        .uint8Array({ minLength: length, maxLength: length })
        .map((raw) => `${curve}:${base58.encode(curve === 'ed25519' && length === 64 ? raw.with(63, 0) : raw)}`),
    )
export const publicKey = keyed({ ed25519: 32, secp256k1: 64 })
export const signature = keyed({ ed25519: 64, secp256k1: 65 })
export const anyPublicKey = fc.oneof({ weight: 20, arbitrary: publicKey }, keyed({ 'ml-dsa-65': 1952 }))

const functionCall = {
  allowance: fc.option(u128),
  receiverId: string,
  methodNames: fc.array(string, { maxLength: 3 }),
}
const gasKey = fc.record({ balance: u128, numNonces: fc.nat(65535) })
export const oldPermission: fc.Arbitrary<AccessKeyPermission> = fc.oneof(
  fc.record({ type: fc.constant('FunctionCall' as const), ...functionCall }),
  fc.constant({ type: 'FullAccess' as const }),
)
const permission: fc.Arbitrary<AccessKeyPermission> = fc.oneof(
  oldPermission,
  fc.record({ type: fc.constant('GasKeyFunctionCall' as const), gasKey, ...functionCall }),
  fc.record({ type: fc.constant('GasKeyFullAccess' as const), gasKey }),
)
const contract: fc.Arbitrary<GlobalContractIdentifier> = fc.oneof(
  fc.record({ type: fc.constant('CodeHash' as const), codeHash: hash }),
  fc.record({ type: fc.constant('AccountId' as const), accountId }),
)
const stateInit = fc.record({
  code: contract,
  data: fc
    .uniqueArray(fc.tuple(bytes, bytes), { selector: ([key]) => String(key), maxLength: 4 })
    .map((data) => data.sort(([a], [b]) => (toHex(a) < toHex(b) ? -1 : 1))),
})

const of = <Type extends Action['type'], Fields>(
  type: Type,
  fields: { [K in keyof Fields]: fc.Arbitrary<Fields[K]> },
) => fc.record({ type: fc.constant(type), ...fields }) as unknown as fc.Arbitrary<Action>

/** What near-api-js 7 can write, too. */
const oldActions = (allowed: fc.Arbitrary<AccessKeyPermission>): fc.Arbitrary<Action>[] => [
  of('CreateAccount', {}),
  of('DeployContract', { code: bytes }),
  of('FunctionCall', { methodName: string, args: bytes, gas: u64, deposit: u128 }),
  of('Transfer', { deposit: u128 }),
  of('Stake', { stake: u128, publicKey }),
  of('AddKey', { publicKey, accessKey: fc.record({ nonce: u64, permission: allowed }) }),
  of('DeleteKey', { publicKey }),
  of('DeleteAccount', { beneficiaryId: accountId }),
  of('DeployGlobalContract', { code: bytes, mode: fc.constantFrom('CodeHash' as const, 'AccountId' as const) }),
  of('UseGlobalContract', { contract }),
]
const newActions: fc.Arbitrary<Action>[] = [
  of('DeterministicStateInit', { stateInit, deposit: u128 }),
  of('TransferToGasKey', { publicKey: anyPublicKey, deposit: u128 }),
  of('WithdrawFromGasKey', { publicKey: anyPublicKey, amount: u128 }),
]

const delegate = (actions: fc.Arbitrary<Action>): fc.Arbitrary<DelegateAction> =>
  fc.record({
    senderId: accountId,
    receiverId: accountId,
    actions: fc.array(actions, { maxLength: 3 }),
    nonce: u64,
    maxBlockHeight: u64,
    publicKey,
  })

/** Tags 0 to 10. */
export const oldAction = fc.oneof(
  ...oldActions(oldPermission),
  of('Delegate', { delegateAction: delegate(fc.oneof(...oldActions(oldPermission).slice(0, 8))), signature }),
)
const undelegated = fc.oneof(...oldActions(permission), ...newActions)
const nonceIndex = fc.record({ nonceIndex: fc.nat(65535) }, { requiredKeys: [] })
/** Every action of protocol version 86. */
export const anyAction = fc.oneof(
  undelegated,
  of('Delegate', { delegateAction: delegate(undelegated), signature }),
  of('DelegateV2', {
    delegateAction: fc.tuple(delegate(undelegated), nonceIndex).map(([action, index]) => ({ ...action, ...index })),
    signature,
  }),
)

export const transactionOf = (action: fc.Arbitrary<Action>): fc.Arbitrary<Transaction> =>
  fc.record({
    version: fc.constant(0 as const),
    signerId: accountId,
    publicKey,
    nonce: u64,
    receiverId: accountId,
    blockHash: hash,
    actions: fc.array(action, { maxLength: 4 }),
  })
const later = fc.record({ nonceIndex: fc.nat(65535) }, { requiredKeys: [] })
export const anyTransaction: fc.Arbitrary<Transaction> = fc.oneof(
  transactionOf(anyAction),
  fc
    .tuple(transactionOf(anyAction), later, fc.constantFrom('Monotonic' as const, 'Strict' as const))
    .map(([transaction, index, nonceMode]) => ({ ...transaction, version: 1 as const, ...index, nonceMode })),
)
export const anySigned: fc.Arbitrary<Pick<SignedTransaction, 'transaction' | 'signature'>> = fc.record({
  transaction: anyTransaction,
  signature,
})
