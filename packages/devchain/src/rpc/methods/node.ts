// About the node and the chain as a whole. What needs a network is answered as by a node alone.
import * as v from 'valibot'
import { hash } from '../../wire/json/scalars.ts'
import { getBlock } from '../blocks.ts'
import { type Method, method, plain } from '../method.ts'
import { blockId, withBlock } from '../params.ts'
import type { RpcContext } from '../types.ts'
import { genesisConfigView, protocolConfigView } from '../views/chain-config.ts'
import { clientConfigView } from '../views/client-config.ts'
import { timeView } from '../views/time.ts'
import { VERSION } from '../views/version.ts'

export function status({ chain, node }: RpcContext) {
  const { head, genesis } = chain
  const earliest = chain.resolve({ syncCheckpoint: 'earliest_available' }) ?? genesis
  const producers = chain.blockProducers(head.header.epochId) ?? []
  const [first] = producers
  return {
    version: VERSION,
    chain_id: chain.chainId,
    protocol_version: head.header.protocolVersion,
    latest_protocol_version: head.header.protocolVersion,
    rpc_addr: node.rpcAddr,
    validators: producers.map(({ accountId }) => ({ account_id: accountId })),
    sync_info: {
      latest_block_hash: head.header.hash,
      latest_block_height: head.header.height,
      latest_state_root: head.header.prevStateRoot,
      latest_block_time: timeView(head.header.timestamp),
      syncing: false,
      earliest_block_hash: earliest.header.hash,
      earliest_block_height: earliest.header.height,
      earliest_block_time: timeView(earliest.header.timestamp),
      epoch_id: head.header.epochId,
      epoch_start_height: chain.epochStart(head),
    },
    validator_account_id: first?.accountId ?? null,
    validator_public_key: first?.publicKey ?? null,
    node_public_key: first?.publicKey ?? `ed25519:${'1'.repeat(32)}`,
    node_key: null,
    uptime_sec: Math.max(0, Math.floor((Date.now() - node.startedAt) / 1000)),
    genesis_hash: genesis.header.hash,
    detailed_debug_status: null,
  }
}

const protocolConfig = method(withBlock({}), ({ chain }, { block }) => {
  getBlock(chain, block)
  return protocolConfigView(chain)
})

const networkInfo = plain(({ chain }) => ({
  active_peers: [],
  num_active_peers: 0,
  peer_max_count: 0,
  sent_bytes_per_sec: 0,
  received_bytes_per_sec: 0,
  known_producers: (chain.blockProducers(chain.head.header.epochId) ?? []).map(({ accountId, publicKey }) => ({
    account_id: accountId,
    peer_id: publicKey,
    next_hops: null,
    addr: null,
  })),
}))

const splitStorage = plain(({ chain }) => ({
  head_height: chain.head.header.height,
  final_head_height: getBlock(chain, { finality: 'final' }).header.height,
  cold_head_height: null,
  hot_db_kind: 'RPC',
}))

const inChunk = v.union([v.object({ chunk_id: hash }), v.object({ block_id: blockId, shard_id: v.number() })])
const congestion = method(inChunk, () => ({ congestion_level: 0 }))

const genesisConfig = plain(({ chain }) => genesisConfigView(chain))
const maintenance = plain(() => [])

export const nodeMethods: Readonly<Record<string, Method>> = {
  status: plain(status),
  health: plain(() => null),
  network_info: networkInfo,
  client_config: plain(clientConfigView),
  genesis_config: genesisConfig,
  EXPERIMENTAL_genesis_config: genesisConfig,
  EXPERIMENTAL_protocol_config: protocolConfig,
  maintenance_windows: maintenance,
  EXPERIMENTAL_maintenance_windows: maintenance,
  EXPERIMENTAL_congestion_level: congestion,
  EXPERIMENTAL_split_storage_info: splitStorage,
}
