// One block after another: approvals, epochs, gas price, supply, and the execution of what the block carries (nearcore
// `core/primitives/src/block.rs`, `chain/client/src/client.rs`).
import { type CryptoHash, formatHash, parseHash, producersHash, type Signature, ZERO_HASH } from '@dcml/light-client'
import type { BlockContext, ChunkResult, ValidatorUpdate } from '../runtime/types.ts'
import { applyRecords, createStateUpdate, getAccount, type StateUpdate, setAccount } from '../state/index.ts'
import { createChunk, foldChunk, NO_SIGNATURE } from './chunk.ts'
import {
  type EpochBlock,
  type EpochCursor,
  endsEpoch,
  needsNextApprovers,
  nextEpoch,
  validatorUpdate,
} from './epochs.ts'
import { nextGasPrice } from './gas-price.ts'
import { approvalOf, type HeaderFields, hashHeader, signedLater } from './header.ts'
import { randomValue, sampleAuthor, vrfOf } from './random.ts'
import type { BlockInputs, ChainRules, Tip } from './tip.ts'

/** The block after `parent`. Pure: the same inputs give the same block. */
export function produceBlock(parent: Tip, inputs: BlockInputs, rules: ChainRules): Tip {
  const { header: last, result: previous } = parent.block
  const { height, timestamp, transactions } = inputs
  const place = placeAfter(parent, inputs, rules)
  const { epoch, minted } = place
  const vrf = vrfOf(last.randomValue, height)
  const result = execute(parent, inputs, place, rules)

  const author = sampleAuthor(epoch.current.validators, randomValue(vrf), rules.signers)
  const sign = (message: Uint8Array): Signature => rules.signers.get(author.publicKey)?.sign(message) ?? NO_SIGNATURE
  const { gasLimit } = rules.settings
  const chunk = createChunk({ prevBlockHash: last.hash, height, gasLimit, previous, transactions }, sign)
  const tree = parent.tree.append(parseHash(last.hash))
  const fields: HeaderFields = {
    height,
    prevHeight: last.height,
    epochId: epoch.current.id,
    nextEpochId: epoch.next.id,
    prevHash: last.hash,
    timestamp,
    nextBpHash: place.isNew ? producersHash(epoch.next.validators) : last.nextBpHash,
    blockMerkleRoot: formatHash(tree.root),
    lastFinalBlock: place.lastFinalBlock,
    lastDsFinalBlock: height === last.height + 1 ? last.hash : last.lastDsFinalBlock,
    gasPrice: nextGasPrice(last.gasPrice, previous.gasUsed, rules),
    totalSupply: last.totalSupply + minted + supplyChange(parent),
    randomValue: formatHash(randomValue(vrf)),
    blockOrdinal: last.blockOrdinal + 1,
    approvals: approvals(parent, inputs, epoch, rules),
    author: author.accountId,
    protocolVersion: rules.params.protocolVersion,
    ...foldChunk(chunk, vrf),
  }
  const { hash, innerRestHash } = hashHeader(fields)
  const header = signedLater({ ...fields, hash, innerRestHash }, () => sign(parseHash(hash)))
  return {
    block: { header, chunk, transactions, incoming: previous.outgoing, result, epochHeight: epoch.current.height },
    tree,
    epoch: { ...epoch, proposals: withProposals(epoch, previous) },
    lastFinalHeight: place.lastFinalHeight,
    gasPrice: last.gasPrice,
    minted,
    busyHeight: result.outcomes.length > 0 ? height : parent.busyHeight,
  }
}

/** What the block after `parent` is executed with, unless more happens before it is made. */
export function contextAfter(
  parent: Tip,
  inputs: Pick<BlockInputs, 'height' | 'timestamp' | 'impersonated' | 'fault'>,
  rules: ChainRules,
): BlockContext {
  const { header } = parent.block
  const random = randomValue(vrfOf(header.randomValue, inputs.height))
  const { current } = placeAfter(parent, inputs, rules).epoch
  return {
    ...contextWith({ ...inputs, gasPrice: header.gasPrice, random, epoch: current }, rules),
    isBlockValid: (hash) => rules.isBlockValid(hash, header.height),
    impersonated: inputs.impersonated,
    ...(inputs.fault && { fault: inputs.fault }),
  }
}

/** What a block was executed with. */
export function contextOf({ block: { header }, gasPrice, epoch }: Tip, rules: ChainRules): BlockContext {
  const { height, timestamp } = header
  return contextWith(
    { height, timestamp, gasPrice, random: parseHash(header.randomValue), epoch: epoch.current },
    rules,
  )
}

const contextWith = (
  {
    height,
    timestamp,
    gasPrice,
    random,
    epoch,
  }: {
    readonly height: number
    readonly timestamp: bigint
    readonly gasPrice: bigint
    readonly random: Uint8Array
    readonly epoch: EpochCursor['current']
  },
  { settings, params, isBlockValid }: ChainRules,
): BlockContext => ({
  params,
  chainId: settings.chainId,
  height,
  timestamp,
  gasPrice,
  gasLimit: settings.gasLimit,
  epochId: epoch.id,
  epochHeight: BigInt(epoch.height),
  randomValue: random,
  validators: new Map(epoch.validators.map(({ accountId, stake }) => [accountId, stake])),
  isBlockValid: (hash) => isBlockValid(hash, height - 1),
  impersonated: new Set(),
})

/** Where the next block stands in its epoch, and what is final with it. */
interface Place {
  readonly epoch: EpochCursor
  readonly isNew: boolean
  readonly minted: bigint
  readonly update?: ValidatorUpdate
  readonly lastFinalBlock: CryptoHash
  readonly lastFinalHeight: number
}

export const isGenesis = (tip: Tip): boolean => tip.block.header.prevHash === ZERO_HASH

function placeAfter(
  parent: Tip,
  { height, timestamp }: Pick<BlockInputs, 'height' | 'timestamp'>,
  { settings }: ChainRules,
): Place {
  const { header: last } = parent.block
  const isThird = height === last.height + 1 && last.lastDsFinalBlock === last.prevHash && !isGenesis(parent)
  const final = isThird
    ? { lastFinalBlock: last.prevHash, lastFinalHeight: last.prevHeight }
    : { lastFinalBlock: last.lastFinalBlock, lastFinalHeight: parent.lastFinalHeight }
  if (isGenesis(parent)) {
    // nearcore counts from genesis, which may be long ago where an outer clock rules: nobody earned rewards since
    const epoch = { ...parent.epoch, firstHeight: height, startTime: timestamp }
    return { epoch, isNew: false, minted: 0n, ...final }
  }
  const block = epochBlock(parent)
  if (!endsEpoch(parent.epoch, block, settings.epochLength))
    return { epoch: parent.epoch, isNew: false, minted: 0n, ...final }
  const epoch = nextEpoch(parent.epoch, block, height, settings.maxInflation)
  const update = validatorUpdate(parent.epoch, epoch, parent.block.result.proposals)
  return { epoch, isNew: true, minted: epoch.next.minted, update, ...final }
}

const epochBlock = ({ block: { header }, lastFinalHeight }: Tip): EpochBlock => ({
  hash: header.hash,
  height: header.height,
  timestamp: header.timestamp,
  totalSupply: header.totalSupply,
  lastFinalHeight,
})

/** True if the block after this one will be the first of an epoch. */
export const isLastOfEpoch = (tip: Tip, { settings }: ChainRules): boolean =>
  !isGenesis(tip) && endsEpoch(tip.epoch, epochBlock(tip), settings.epochLength)

function approvals(parent: Tip, { height, silent }: BlockInputs, epoch: EpochCursor, rules: ChainRules) {
  const approvers = [...epoch.current.validators]
  if (!isGenesis(parent) && needsNextApprovers(parent.epoch, epochBlock(parent), rules.settings.epochLength)) {
    const known = new Set(approvers.map(({ accountId }) => accountId))
    approvers.push(...epoch.next.validators.filter(({ accountId }) => !known.has(accountId)))
  }
  const message = approvalOf(parent.block.header, height)
  return approvers.map(({ accountId, publicKey }) =>
    silent.has(accountId) ? null : (rules.signers.get(publicKey)?.sign(message) ?? null),
  )
}

/** Whether more than two thirds of the stake of the next block's epoch can and will vote: else nothing becomes final. */
export function hasQuorum(parent: Tip, silent: BlockInputs['silent'], rules: ChainRules): boolean {
  const { signers } = rules
  const { current, next } = parent.epoch
  let total = 0n
  let voting = 0n
  for (const { accountId, publicKey, stake } of (isLastOfEpoch(parent, rules) ? next : current).validators) {
    total += stake
    if (!silent.has(accountId) && signers.has(publicKey)) voting += stake
  }
  return voting * 3n > total * 2n
}

/** Headers tell the supply one block late, but epoch rewards at once. */
const supplyChange = ({ block: { result }, minted }: Tip): bigint => result.balanceMinted - minted - result.balanceBurnt

const withProposals = ({ proposals }: EpochCursor, previous: ChunkResult): EpochCursor['proposals'] =>
  previous.proposals.length === 0
    ? proposals
    : new Map([...proposals, ...previous.proposals.map((proposal) => [proposal.accountId, proposal] as const)])

function execute(parent: Tip, inputs: BlockInputs, place: Place, rules: ChainRules): ChunkResult {
  const state = createStateUpdate(parent.block.result.trie)
  if (inputs.patch.length > 0) {
    applyRecords(state, inputs.patch)
    keepStakes(state, place.epoch)
  }
  const patched = state.commit().map(({ key, value }) => ({ cause: { type: 'sandbox_patch' } as const, key, value }))
  const trie = patched.length > 0 ? state.finalize() : parent.block.result.trie
  const context = contextAfter(parent, inputs, rules)
  const incoming = parent.block.result.outgoing
  const validatorUpdate = place.update && { validatorUpdate: place.update }
  const { transactions } = inputs
  const result = rules.applyChunk({ trie, transactions, incoming, ...validatorUpdate }, context)
  return patched.length > 0 ? { ...result, changes: [...patched, ...result.changes] } : result
}

/** A patch that unlocks a validator's stake would end the chain with the epoch, as it crashes a real node. */
function keepStakes(state: StateUpdate, { current, next }: EpochCursor): void {
  for (const { accountId, stake } of [...current.validators, ...next.validators]) {
    const account = getAccount(state, accountId)
    if (account && account.locked < stake) setAccount(state, accountId, { ...account, locked: stake })
  }
}
