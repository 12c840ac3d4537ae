// What a chain was started with, for `genesis_config` and `EXPERIMENTAL_protocol_config`. Fields about many shards and
// many nodes are those of a localnet (nearcore `core/chain-configs/src/genesis_config.rs`).
import type { Chain } from '../../chain/chain.ts'
import { TREASURY_ACCOUNT } from '../../chain/options.ts'
import type { Params } from '../../params/types.ts'
import { u64Json } from '../../wire/json/scalars.ts'
import { runtimeConfigView } from './runtime-config.ts'
import { timeView } from './time.ts'

const economics = ({ economics }: Params, gasPrice: bigint) => ({
  min_gas_price: gasPrice.toString(),
  max_gas_price: (gasPrice * economics.maxGasPriceMultiplier).toString(),
  gas_price_adjustment_rate: economics.gasPriceAdjustmentRate.map(Number),
})

const common = ({ settings, params, genesis }: Chain) => ({
  protocol_version: settings.protocolVersion,
  genesis_time: timeView(genesis.header.timestamp),
  chain_id: settings.chainId,
  genesis_height: settings.genesisHeight,
  num_block_producer_seats: 50,
  num_block_producer_seats_per_shard: [50],
  avg_hidden_validator_seats_per_shard: [0],
  dynamic_resharding: false,
  protocol_upgrade_stake_threshold: [4, 5],
  epoch_length: settings.epochLength,
  gas_limit: u64Json(settings.gasLimit),
  ...economics(params, settings.gasPrice),
  block_producer_kickout_threshold: 90,
  chunk_producer_kickout_threshold: 90,
  chunk_validator_only_kickout_threshold: 80,
  target_validator_mandates_per_shard: 68,
  online_min_threshold: [9, 10],
  online_max_threshold: [99, 100],
  transaction_validity_period: settings.transactionValidity,
  protocol_reward_rate: [1, 10],
  max_inflation_rate: settings.maxInflation.map(Number),
  num_blocks_per_year: Math.round((365 * 86_400_000) / settings.blockTimeMs),
  protocol_treasury_account: TREASURY_ACCOUNT,
  fishermen_threshold: '10000000000000000000',
  minimum_stake_divisor: 10,
  minimum_stake_ratio: [1, 6_250_000],
  minimum_validators_per_shard: 1,
  max_kickout_stake_perc: 100,
  shuffle_shard_assignment_for_chunk_producers: false,
  shard_layout: { V0: { num_shards: 1, version: 0 } },
})

export const protocolConfigView = (chain: Chain) => ({
  ...common(chain),
  runtime_config: runtimeConfigView(chain.params),
})

export const genesisConfigView = (chain: Chain) => ({
  ...common(chain),
  total_supply: chain.genesis.header.totalSupply.toString(),
  validators: (chain.blockProducers(chain.genesis.header.nextEpochId) ?? []).map(({ accountId, publicKey, stake }) => ({
    account_id: accountId,
    public_key: publicKey,
    amount: stake.toString(),
  })),
  num_chunk_only_producer_seats: 300,
  num_chunk_producer_seats: 100,
  num_chunk_validator_seats: 300,
  chunk_producer_assignment_changes_limit: 5,
  use_production_config: false,
})
