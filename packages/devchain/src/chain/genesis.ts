// The first block (nearcore `core/chain-configs/src/genesis_config.rs`, `core/store/src/genesis`).
import { type PublicKey, producersHash, ZERO_HASH } from '@dcml/light-client'
import { DcmlError } from '@dcml/protocol'
import type { Params } from '../params/types.ts'
import type { ChunkResult } from '../runtime/types.ts'
import {
  accessKeys,
  accessKeyUsage,
  applyRecords,
  contractData,
  contractUsage,
  createStateUpdate,
  createTrie,
  dataUsage,
  gasKeyBalance,
  getAccount,
  getLocalCode,
  parseRecords,
  type StateRecord,
  type StateUpdate,
  setAccount,
  type Trie,
} from '../state/index.ts'
import { BlockTree } from './block-tree.ts'
import { foldChunk, genesisChunk, NO_SIGNATURE } from './chunk.ts'
import { firstEpoch } from './epochs.ts'
import { type HeaderFields, hashHeader } from './header.ts'
import { type KeyPair, keyPairFromSecret, keyPairFromSeed } from './keys.ts'
import { type ChainSettings, ROOT_ACCOUNT, ROOT_BALANCE, TREASURY_ACCOUNT } from './options.ts'
import type { Tip } from './tip.ts'
import type { Validator } from './types.ts'

/** Key of an account that genesis made from the seed. */
export const accountKey = ({ seed }: Pick<ChainSettings, 'seed'>, accountId: string): KeyPair =>
  keyPairFromSeed(`${seed}/${accountId}`)

/** Everybody the chain can sign blocks for, by public key. */
export function signersOf(settings: ChainSettings): ReadonlyMap<PublicKey, KeyPair> {
  const derived = settings.validators.map(({ accountId }) => accountKey(settings, accountId))
  const keys = [...derived, ...settings.validatorKeys.map(keyPairFromSecret)]
  return new Map(keys.map((key) => [key.publicKey, key]))
}

/**
 * Block 0 and the state it begins with: the given records, or the root account, the treasury and
 * {@link ChainSettings.accounts}.
 * @throws DcmlError `devchain_record_invalid`; `devchain_genesis_invalid` where a validator has no account or too
 * little on it
 */
export function createGenesis(settings: ChainSettings, params: Params): Tip {
  const validators = settings.validators.map(
    ({ accountId, stake, publicKey }): Validator => ({
      accountId,
      stake,
      publicKey: publicKey ?? accountKey(settings, accountId).publicKey,
    }),
  )
  const { trie, totalSupply } = genesisState(settings, validators, params)
  const { genesisHeight: height, gasLimit } = settings
  const chunk = genesisChunk(trie.root, height, gasLimit)
  const timestamp = BigInt(settings.genesisTime.getTime()) * 1_000_000n
  const fields: HeaderFields = {
    height,
    prevHeight: height,
    epochId: ZERO_HASH,
    nextEpochId: ZERO_HASH,
    prevHash: ZERO_HASH,
    timestamp,
    nextBpHash: ZERO_HASH,
    blockMerkleRoot: ZERO_HASH,
    lastFinalBlock: ZERO_HASH,
    lastDsFinalBlock: ZERO_HASH,
    gasPrice: settings.gasPrice,
    totalSupply,
    randomValue: ZERO_HASH,
    blockOrdinal: 1,
    approvals: [],
    author: (validators[0] as Validator).accountId,
    protocolVersion: params.protocolVersion,
    ...foldChunk(chunk, new Uint8Array(32)),
    outcomeRoot: ZERO_HASH,
  }
  const genesisInfo = { height, timestamp, totalSupply, lastFinalHeight: height }
  const sorted = firstEpoch(validators, { ...genesisInfo, hash: ZERO_HASH }, height).current.validators
  const complete = { ...fields, nextBpHash: producersHash(sorted) }
  const { hash, innerRestHash } = hashHeader(complete)
  const epoch = firstEpoch(validators, { ...genesisInfo, hash }, height + 1)
  const header = { ...complete, hash, innerRestHash, signature: NO_SIGNATURE }
  return {
    block: { header, chunk, transactions: [], incoming: [], result: nothingDone(trie), epochHeight: 1 },
    tree: BlockTree.empty,
    epoch,
    lastFinalHeight: height,
    gasPrice: settings.gasPrice,
    minted: 0n,
    busyHeight: height,
  }
}

const nothingDone = (trie: Trie): ChunkResult => ({
  trie,
  outcomes: [],
  outgoing: [],
  gasUsed: 0n,
  balanceBurnt: 0n,
  balanceMinted: 0n,
  proposals: [],
  processed: [],
  changes: [],
})

function genesisState(settings: ChainSettings, validators: readonly Validator[], params: Params) {
  const records = settings.records ? parseRecords(settings.records) : defaultRecords(settings)
  const state = createStateUpdate(createTrie())
  applyRecords(state, records)
  if (!settings.records) lockStakes(state, validators)
  const accounts = new Set(records.flatMap((record) => ('accountId' in record ? [record.accountId] : [])))
  let totalSupply = 0n
  for (const accountId of accounts) {
    recomputeStorageUsage(state, accountId, params)
    const account = getAccount(state, accountId)
    totalSupply += (account?.amount ?? 0n) + (account?.locked ?? 0n) + gasKeyBalance(state, accountId)
  }
  for (const { accountId, stake } of validators)
    if (getAccount(state, accountId)?.locked !== stake) throw invalid(accountId)
  state.commit()
  return { trie: state.finalize(), totalSupply }
}

function defaultRecords(settings: ChainSettings): StateRecord[] {
  const validators = settings.validators.filter(({ accountId }) => accountId !== ROOT_ACCOUNT)
  const balances = new Map([
    [ROOT_ACCOUNT, ROOT_BALANCE],
    [TREASURY_ACCOUNT, ROOT_BALANCE],
    ...validators.map(({ accountId, stake }) => [accountId, 2n * stake] as const),
    ...settings.accounts.map(({ accountId, balance }) => [accountId, balance] as const),
  ])
  return [...balances].flatMap(([accountId, amount]): StateRecord[] => [
    { type: 'Account', accountId, account: { amount, locked: 0n, storageUsage: 0n, contract: { type: 'None' } } },
    {
      type: 'AccessKey',
      accountId,
      publicKey: accountKey(settings, accountId).publicKey,
      accessKey: { nonce: 0n, permission: { type: 'FullAccess' } },
    },
  ])
}

function lockStakes(state: StateUpdate, validators: readonly Validator[]): void {
  for (const { accountId, stake } of validators) {
    const account = getAccount(state, accountId)
    if (!account || account.amount < stake) throw invalid(accountId)
    setAccount(state, accountId, { ...account, amount: account.amount - stake, locked: stake })
  }
}

const invalid = (accountId: string): DcmlError =>
  new DcmlError('devchain_genesis_invalid', `The stake of ${accountId} is not locked in its account.`, {
    hint: 'Give every validator an account whose locked balance is its stake.',
  })

/** Sets an account's storage usage to what its records take, as nearcore does at genesis. */
function recomputeStorageUsage(state: StateUpdate, accountId: string, { storage }: Params): void {
  const account = getAccount(state, accountId)
  if (!account) return
  let storageUsage =
    storage.numBytesAccount + contractUsage(account.contract, getLocalCode(state, accountId)?.length ?? 0)
  for (const { publicKey, accessKey } of accessKeys(state, accountId))
    storageUsage += accessKeyUsage(publicKey, accessKey, storage.numExtraBytesRecord)
  for (const [key, value] of contractData(state, accountId))
    storageUsage += dataUsage(key, value, storage.numExtraBytesRecord)
  setAccount(state, accountId, { ...account, storageUsage })
}
