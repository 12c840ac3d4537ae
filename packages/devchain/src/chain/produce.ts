// One block after another: approvals, epochs, gas price, supply, and the execution of what the block carries (nearcore
// `core/primitives/src/block.rs`, `chain/client/src/client.rs`).
import { formatHash, parseHash, producersHash, type Signature } from '@dcml/light-client'
import type { BlockContext, ChunkResult } from '../runtime/types.ts'
import { applyRecords, createStateUpdate, getAccount, type StateUpdate, setAccount } from '../state/index.ts'
import { createChunk, foldChunk, NO_SIGNATURE } from './chunk.ts'
import type { EpochCursor } from './epochs.ts'
import { nextGasPrice } from './gas-price.ts'
import { type HeaderFields, hashHeader, signedLater } from './header.ts'
import { type Place, placeAfter } from './place.ts'
import { randomValue, sampleAuthor, vrfOf } from './random.ts'
import type { BlockInputs, ChainRules, Tip } from './tip.ts'
import { approvals } from './votes.ts'

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
