// Random traffic: every action, sensible and senseless, between a few accounts, with and without contracts.
import type { AccountId, Action, DelegateAction } from '@dcml/light-client'
import { delegateActionHash, parseHash } from '@dcml/light-client'
import fc from 'fast-check'
import { hashOf } from '../../wire/hash.ts'
import { deterministicAccountId } from '../account-id.ts'
import { contract } from './contracts.ts'
import { keyPair, NEAR, TGAS } from './world.ts'

/** Writes, pays, calls back, yields, resumes, burns all its gas, fails. */
export const busy = contract(`
  (data (i32.const 0) "b.near") (data (i32.const 16) "write") (data (i32.const 32) "callback") (data (i32.const 80) "a.near")
  (func $call (result i64) (call $promise_create (i64.const 6) (i64.const 0) (i64.const 5) (i64.const 16) (i64.const 1) (i64.const 0) (i64.const 48) (i64.const 5000000000000)))
  (func (export "write") (call $input (i64.const 0))
    (drop (call $storage_write (i64.const -1) (i64.const 0) (i64.const 16) (i64.const 0) (i64.const 1))))
  (func (export "chain") (call $promise_return (call $promise_then (call $call)
    (i64.const 6) (i64.const 80) (i64.const 8) (i64.const 32) (i64.const 0) (i64.const 0) (i64.const 48) (i64.const 5000000000000))))
  (func (export "pay") (i64.store (i32.const 64) (i64.const 9999)) (call $batch_transfer (call $batch (i64.const 6) (i64.const 0)) (i64.const 64)))
  (func $wait (result i64) (call $yield (i64.const 8) (i64.const 32) (i64.const 0) (i64.const 0) (i64.const 5000000000000) (i64.const 1) (i64.const 0)))
  (func (export "wait") (drop (call $wait)))
  (func (export "wait_and_wake") (drop (call $wait)) (call $read_register (i64.const 0) (i64.const 96))
    (drop (call $resume (i64.const 32) (i64.const 96) (i64.const 5) (i64.const 16))))
  (func (export "callback") (drop (call $promise_result (i64.const 0) (i64.const 1))))
  (func (export "panic") (drop (call $call)) (call $panic (i64.const 5) (i64.const 16)))
  (func (export "spin") (loop (br 0)))`)

const people = ['a.near', 'b.near', 'c.near', 'near']
const somebody = fc.constantFrom(...people)
const receivers = fc.constantFrom(
  'a.near',
  ...people,
  'new.near',
  'sub.a.near',
  'd'.repeat(64),
  `0x${'e'.repeat(40)}`,
  'nobody',
)
const seed = fc.constantFrom('a.near', 'b.near', 'c.near', 'near', 'spare', 'gas')
const publicKey = seed.map((name) => keyPair(name).publicKey)
const amount = fc.oneof(
  { weight: 3, arbitrary: fc.bigInt(0n, 10n) },
  { weight: 3, arbitrary: fc.bigInt(0n, 2n * NEAR) },
  { weight: 1, arbitrary: fc.bigInt(0n, 200n * NEAR) },
)
const method = fc.constantFrom('write', 'chain', 'pay', 'wait', 'wait_and_wake', 'callback', 'panic', 'spin', 'missing')

const permission = fc.oneof(
  fc.constant({ type: 'FullAccess' } as const),
  fc
    .record({ allowance: fc.option(amount), receiverId: somebody })
    .map((key) => ({ type: 'FunctionCall', methodNames: [], ...key }) as const),
  fc
    .integer({ min: 1, max: 3 })
    .map((numNonces) => ({ type: 'GasKeyFullAccess', gasKey: { balance: 0n, numNonces } }) as const),
)
const globalId = fc.constantFrom(
  { type: 'AccountId', accountId: 'a.near' } as const,
  { type: 'CodeHash', codeHash: hashOf(busy) } as const,
)

const plain: fc.Arbitrary<Action> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ type: fc.constant('Transfer' as const), deposit: amount }) },
  {
    weight: 8,
    arbitrary: fc.record({
      type: fc.constant('FunctionCall' as const),
      methodName: method,
      args: fc.uint8Array({ minLength: 1, maxLength: 20 }),
      gas: fc.bigInt(1n, 30n * TGAS),
      deposit: amount,
    }),
  },
  fc.constant({ type: 'CreateAccount' } as const),
  fc.constant({ type: 'DeployContract', code: busy } as const),
  fc.record({ type: fc.constant('Stake' as const), stake: amount, publicKey }),
  fc.record({
    type: fc.constant('AddKey' as const),
    publicKey,
    accessKey: fc.record({ nonce: fc.constant(0n), permission }),
  }),
  fc.record({ type: fc.constant('DeleteKey' as const), publicKey }),
  fc.record({
    type: fc.constant('DeployGlobalContract' as const),
    code: fc.constant(busy),
    mode: fc.constantFrom('CodeHash' as const, 'AccountId' as const),
  }),
  fc.record({ type: fc.constant('UseGlobalContract' as const), contract: globalId }),
  fc.record({ type: fc.constant('TransferToGasKey' as const), publicKey, deposit: amount }),
  fc.record({ type: fc.constant('WithdrawFromGasKey' as const), publicKey, amount }),
)
const deleteAccount: fc.Arbitrary<Action> = fc.record({
  type: fc.constant('DeleteAccount' as const),
  beneficiaryId: receivers,
})

const relayed = fc
  .record({
    signer: somebody,
    senderId: somebody,
    receiverId: receivers,
    actions: fc.array(plain, { maxLength: 2 }),
    nonce: fc.bigInt(9_000_000n, 9_500_000n),
  })
  .map(({ signer, ...wish }) => {
    const { publicKey: key, sign } = keyPair(wish.senderId)
    const delegateAction: DelegateAction = { ...wish, maxBlockHeight: 1_000n, publicKey: key }
    const action: Action = {
      type: 'Delegate',
      delegateAction,
      signature: sign(parseHash(delegateActionHash(delegateAction))),
    }
    return { signer, receiver: wish.senderId, actions: [action] }
  })

const actions = fc.array(plain, { maxLength: 3 })

/** On oneself: many writes, of which the last may fail. */
const own = fc
  .record({
    signer: somebody,
    actions: fc.array(plain, { maxLength: 5 }),
    last: fc.oneof({ weight: 12, arbitrary: fc.constant(null) }, { weight: 1, arbitrary: deleteAccount }),
  })
  .map(({ signer, actions: some, last }) => ({ signer, receiver: signer, actions: last ? [...some, last] : some }))

/** Names that can be opened, by who may open them, then used at once. */
const birth = fc.oneof(
  fc
    .record({ deposit: amount, publicKey, more: fc.array(plain, { maxLength: 2 }) })
    .map(({ deposit, publicKey: key, more }) => {
      const full = { nonce: 0n, permission: { type: 'FullAccess' } } as const
      const first: Action[] = [{ type: 'CreateAccount' }, { type: 'Transfer', deposit }]
      const actions = [...first, { type: 'AddKey', publicKey: key, accessKey: full } as const, ...more]
      return { signer: 'near', receiver: 'new.near', actions }
    }),
  fc
    .record({ signer: somebody, receiver: fc.constantFrom('d'.repeat(64), `0x${'e'.repeat(40)}`), deposit: amount })
    .map(({ signer, receiver, deposit }) => ({ signer, receiver, actions: [{ type: 'Transfer', deposit } as const] })),
  fc
    .record({ signer: somebody, deposit: amount, data: fc.uint8Array({ maxLength: 8 }) })
    .map(({ signer, deposit, data }) => {
      const stateInit = { code: { type: 'AccountId', accountId: 'a.near' }, data: [[Uint8Array.of(1), data]] } as const
      const action: Action = { type: 'DeterministicStateInit', stateInit, deposit }
      return { signer, receiver: deterministicAccountId(stateInit), actions: [action] }
    }),
)

/** What somebody sends somewhere. */
export interface Sending {
  readonly signer: AccountId
  readonly receiver: AccountId
  readonly actions: readonly Action[]
}

const sending: fc.Arbitrary<Sending> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ signer: somebody, receiver: receivers, actions }) },
  { weight: 5, arbitrary: own },
  { weight: 2, arbitrary: relayed },
  { weight: 3, arbitrary: birth },
)

/** A few blocks' worth of sendings. */
export const traffic = fc.array(fc.array(sending, { maxLength: 8 }), { minLength: 1, maxLength: 5 })
