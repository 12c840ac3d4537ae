import { ZERO_HASH } from '@dcml/light-client'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { accessKey, accountId, receipt as anyReceipt, bytes, hash, publicKey, u128 } from '../../test/arbitraries.ts'
import { hashOf } from '../wire/hash.ts'
import { receiptJson } from '../wire/json/receipt.ts'
import { encodeAccount } from './account-codec.ts'
import {
  accessKeys,
  getAccessKey,
  getAccount,
  getGasKeyNonce,
  removeAccount,
  setAccessKey,
  setAccount,
} from './accounts.ts'
import { applyRecords, dumpRecords } from './apply-records.ts'
import { parseRecords, type StateRecord } from './records.ts'
import { createTrie } from './trie.ts'
import type { Account } from './types.ts'
import { createStateUpdate } from './update.ts'
import { accessKeyUsage } from './usage.ts'
import { getPendingDataCount, getWaitingReceiptId, popDelayedReceipt } from './waiting.ts'

const contract = fc.oneof(
  fc.record({ type: fc.constant('None' as const) }),
  fc.record({ type: fc.constant('Local' as const), codeHash: hash }),
  fc.record({ type: fc.constant('Global' as const), codeHash: hash }),
  fc.record({ type: fc.constant('GlobalByAccount' as const), accountId }),
)
const balances = {
  amount: fc.bigInt({ min: 0n, max: 2n ** 128n - 2n }),
  locked: u128,
  storageUsage: fc.nat().map(BigInt),
}
const account: fc.Arbitrary<Account> = fc.oneof(
  fc.record({ ...balances, contract: contract.filter(({ type }) => type === 'None' || type === 'Local') }),
  fc.record({ ...balances, contract, version: fc.constant(2 as const) }),
)
const globalId = fc.oneof(
  fc.record({ type: fc.constant('CodeHash' as const), codeHash: hash }),
  fc.record({ type: fc.constant('AccountId' as const), accountId }),
)
const of = <T extends StateRecord['type']>(type: T, fields: object) =>
  fc.record({ type: fc.constant(type), ...fields }) as fc.Arbitrary<unknown> as fc.Arbitrary<StateRecord>
const receipt = anyReceipt.filter(({ body }) => body.type !== 'PromiseYield' || body.inputDataIds.length === 1)
const actionReceipt = receipt.filter(({ body }) => body.type === 'Action')
const yielded = actionReceipt.chain(({ receiverId, body, ...head }) =>
  hash.map((dataId) => ({
    accountId: receiverId,
    dataId,
    receipt: { ...head, receiverId, body: { ...body, type: 'PromiseYield', inputDataIds: [dataId] } },
  })),
)
const record = fc.oneof(
  of('Account', { accountId, account }),
  of('Data', { accountId, key: bytes, value: bytes }),
  of('Contract', { accountId, code: bytes }),
  of('AccessKey', { accountId, publicKey, accessKey }),
  of('GasKeyNonce', { accountId, publicKey, index: fc.nat(1023), nonce: fc.nat().map(BigInt) }),
  of('ReceivedData', { accountId, dataId: hash, data: fc.option(bytes) }),
  of('PostponedReceipt', { receipt: actionReceipt }),
  of('DelayedReceipt', { receipt }),
  of('GlobalContractCode', { id: globalId, code: bytes }),
  of('GlobalContractNonce', { id: globalId, nonce: fc.nat().map(BigInt) }),
  yielded.map((fields) => ({ type: 'YieldReceipt', ...fields }) as StateRecord),
  of('YieldStatus', { accountId, dataId: hash, status: fc.constantFrom('Yielded', 'ResumeInitiated') }),
  of('YieldTimeout', { accountId, dataId: hash, expiresAt: fc.nat().map(BigInt) }),
  of('YieldId', { accountId, dataId: hash, yieldId: fc.uint8Array({ minLength: 32, maxLength: 32 }) }),
)

test('a dump of the state, read again, is the same state', () => {
  fc.assert(
    fc.property(fc.array(record, { maxLength: 12 }), (records) => {
      const update = createStateUpdate(createTrie())
      applyRecords(update, records)
      update.commit()
      const trie = update.finalize()
      const again = createStateUpdate(createTrie())
      applyRecords(again, parseRecords(JSON.parse(JSON.stringify([...dumpRecords(trie)]))))
      again.commit()
      expect(again.finalize().root).toBe(trie.root)
    }),
  )
})

test('a record that is none is named, whatever it is', () => {
  fc.assert(
    fc.property(fc.anything(), (junk) => {
      expect(() => parseRecords([junk])).toThrow(/State record 0 cannot be read/)
    }),
  )
  const good = { Contract: { account_id: 'a.near', code: '' } }
  expect(() => parseRecords([good, { toString: {} }])).toThrow(/State record 1 .* one of Account/)
  expect(() =>
    parseRecords([{ Account: { account_id: 'a.near', account: { amount: '-1', storage_usage: 1 } } }]),
  ).toThrow(/Account\.account\.amount/)
  const both = { amount: '1', storage_usage: 1, code_hash: `2${'1'.repeat(31)}`, global_contract_hash: ZERO_HASH }
  expect(() => parseRecords([{ Account: { account_id: 'a.near', account: both } }])).toThrow(/State record 0/)
})

test('a yield that would wait for anything but one resume is refused', () => {
  fc.assert(
    fc.property(fc.constantFrom('DelayedReceipt', 'PostponedReceipt', 'YieldReceipt'), anyReceipt, (type, made) => {
      fc.pre(made.body.type === 'PromiseYield' && made.body.inputDataIds.length !== 1)
      expect(() => parseRecords([{ [type]: JSON.parse(JSON.stringify(receiptJson(made))) }])).toThrow(
        /State record 0 .* one input/,
      )
    }),
    { numRuns: 20 },
  )
})

test("what near-workspaces' patchState sends is taken as given", () => {
  const [patched] = parseRecords([
    {
      Account: {
        account_id: 'a.near',
        account: { amount: '5', locked: '0', code_hash: ZERO_HASH, storage_usage: 0, version: 'V1' },
      },
    },
  ])
  expect(patched).toMatchObject({ account: { amount: 5n, storageUsage: 0n, contract: { type: 'None' } } })
})

test('accounts have the bytes nearcore hashes', () => {
  // core/primitives-core/src/account.rs, test_account_serialization
  const plain: Account = { amount: 1_000_000n, locked: 1_000_000n, storageUsage: 100n, contract: { type: 'None' } }
  expect(hashOf(encodeAccount(plain))).toBe('EVk5UaxBe8LQ8r8iD5EAxVBs6TJcMDKqyH7PBuho6bBJ')
  fc.assert(
    fc.property(account, (value) => {
      const update = createStateUpdate(createTrie())
      setAccount(update, 'a.near', value)
      expect(getAccount(update, 'a.near')).toEqual(value)
    }),
  )
})

test('an account that used global code keeps the bytes that can name it', () => {
  // nearcore `Account::set_contract`: what is version 2 stays so
  const update = createStateUpdate(createTrie())
  const global: Account = {
    amount: 1n,
    locked: 0n,
    storageUsage: 100n,
    contract: { type: 'Global', codeHash: ZERO_HASH },
  }
  setAccount(update, 'a.near', global)
  setAccount(update, 'a.near', { ...(getAccount(update, 'a.near') as Account), contract: { type: 'None' } })
  expect(getAccount(update, 'a.near')).toMatchObject({ contract: { type: 'None' }, version: 2 })
  update.commit()
  expect([...dumpRecords(update.finalize())]).toMatchObject([{ Account: { account: { version: 'V2' } } }])
})

test('a full access key on a new account comes to the 182 bytes every sandbox account has', () => {
  const key = { nonce: 0n, permission: { type: 'FullAccess' as const } }
  expect(100n + accessKeyUsage(`ed25519:${ZERO_HASH}`, key, 40n)).toBe(182n)
})

test('nonces of a gas key lie below the key and are no keys of their own', () => {
  const publicKeyText = `ed25519:${ZERO_HASH}`
  const update = createStateUpdate(createTrie())
  applyRecords(update, [
    {
      type: 'AccessKey',
      accountId: 'a.near',
      publicKey: publicKeyText,
      accessKey: { nonce: 0n, permission: { type: 'GasKeyFullAccess', gasKey: { balance: 7n, numNonces: 300 } } },
    },
    { type: 'GasKeyNonce', accountId: 'a.near', publicKey: publicKeyText, index: 299, nonce: 5n },
  ])
  expect([...accessKeys(update, 'a.near')].map((entry) => entry.publicKey)).toEqual([publicKeyText])
  expect(getGasKeyNonce(update, 'a.near', publicKeyText, 299)).toBe(5n)
  setAccount(update, 'a.near', { amount: 0n, locked: 0n, storageUsage: 0n, contract: { type: 'None' } })
  setAccessKey(update, 'a.nearby', publicKeyText, { nonce: 1n, permission: { type: 'FullAccess' } })
  removeAccount(update, 'a.near')
  update.commit()
  expect([...update.finalize().entries(new Uint8Array())]).toHaveLength(1)
  expect(getAccessKey(update, 'a.nearby', publicKeyText)?.nonce).toBe(1n)
})

test('a postponed receipt waits for exactly the data it lacks; delayed ones come out in order', () => {
  fc.assert(
    fc.property(actionReceipt, receipt, (postponed, delayed) => {
      const update = createStateUpdate(createTrie())
      const inputDataIds = 'inputDataIds' in postponed.body ? postponed.body.inputDataIds : []
      const [first, ...rest] = inputDataIds
      const arrived: StateRecord[] = first
        ? [{ type: 'ReceivedData', accountId: postponed.receiverId, dataId: first, data: null }]
        : []
      applyRecords(update, [
        { type: 'PostponedReceipt', accountId: postponed.receiverId, receipt: postponed },
        ...arrived,
        { type: 'DelayedReceipt', accountId: delayed.receiverId, receipt: delayed },
        { type: 'DelayedReceipt', accountId: postponed.receiverId, receipt: postponed },
      ])
      expect(getPendingDataCount(update, postponed.receiverId, postponed.receiptId)).toBe(rest.length)
      for (const dataId of rest)
        expect(getWaitingReceiptId(update, postponed.receiverId, dataId)).toBe(postponed.receiptId)
      expect(popDelayedReceipt(update)?.receipt).toEqual(delayed)
      expect(popDelayedReceipt(update)?.receipt).toEqual(postponed)
      expect(popDelayedReceipt(update)).toBeUndefined()
    }),
    { numRuns: 50 },
  )
})
