// Blocks and chunks as RPC shows them. Fields that NEAR keeps for its past are constants.
import { ZERO_HASH } from '@dcml/light-client'
import type { Block, BlockHeader, ChunkHeader, Validator } from '../../chain/types.ts'
import { u64Json } from '../../wire/json/scalars.ts'
import { receiptView } from './receipt.ts'
import { transactionView } from './transaction.ts'

export const blockView = ({ header, chunk }: Block) => ({
  author: header.author,
  header: headerView(header),
  chunks: [chunkHeaderView(chunk)],
})

/** A validator with its stake; also a proposal to become one. */
export const stakeView = ({ accountId, publicKey, stake }: Validator) => ({
  account_id: accountId,
  public_key: publicKey,
  stake: stake.toString(),
  validator_stake_struct_version: 'V1',
})

/** `timestamp` is a bigint, to be written with all its digits. */
const headerView = (header: BlockHeader) => ({
  height: header.height,
  prev_height: header.prevHeight,
  epoch_id: header.epochId,
  next_epoch_id: header.nextEpochId,
  hash: header.hash,
  prev_hash: header.prevHash,
  prev_state_root: header.prevStateRoot,
  block_body_hash: header.blockBodyHash,
  chunk_receipts_root: header.chunkReceiptsRoot,
  chunk_headers_root: header.chunkHeadersRoot,
  chunk_tx_root: header.chunkTxRoot,
  outcome_root: header.outcomeRoot,
  chunks_included: 1,
  challenges_root: ZERO_HASH,
  timestamp: header.timestamp,
  timestamp_nanosec: header.timestamp.toString(),
  random_value: header.randomValue,
  validator_proposals: header.validatorProposals.map(stakeView),
  chunk_mask: [true],
  gas_price: header.gasPrice.toString(),
  block_ordinal: header.blockOrdinal,
  rent_paid: '0',
  validator_reward: '0',
  total_supply: header.totalSupply.toString(),
  challenges_result: [],
  last_final_block: header.lastFinalBlock,
  last_ds_final_block: header.lastDsFinalBlock,
  next_bp_hash: header.nextBpHash,
  block_merkle_root: header.blockMerkleRoot,
  epoch_sync_data_hash: null,
  approvals: header.approvals,
  signature: header.signature,
  latest_protocol_version: header.protocolVersion,
  chunk_endorsements: [[]],
})

const chunkHeaderView = (chunk: ChunkHeader) => ({
  chunk_hash: chunk.hash,
  prev_block_hash: chunk.prevBlockHash,
  outcome_root: chunk.prevOutcomeRoot,
  prev_state_root: chunk.prevStateRoot,
  encoded_merkle_root: chunk.encodedMerkleRoot,
  encoded_length: chunk.encodedLength,
  height_created: chunk.heightCreated,
  height_included: chunk.heightIncluded,
  shard_id: chunk.shardId,
  gas_used: u64Json(chunk.gasUsed),
  gas_limit: u64Json(chunk.gasLimit),
  rent_paid: '0',
  validator_reward: '0',
  balance_burnt: chunk.balanceBurnt.toString(),
  outgoing_receipts_root: chunk.outgoingReceiptsRoot,
  tx_root: chunk.txRoot,
  validator_proposals: chunk.validatorProposals.map(stakeView),
  congestion_info: {
    delayed_receipts_gas: '0',
    buffered_receipts_gas: '0',
    receipt_bytes: 0,
    allowed_shard: 0,
  },
  bandwidth_requests: { V1: { requests: [] } },
  signature: chunk.signature,
})

export const chunkView = ({ header, chunk, transactions, incoming }: Block) => ({
  author: header.author,
  header: chunkHeaderView(chunk),
  transactions: transactions.map(transactionView),
  receipts: incoming.map(receiptView),
})
