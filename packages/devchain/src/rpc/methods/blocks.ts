// Blocks, chunks and prices.
import * as v from 'valibot'
import { hash } from '../../wire/json/scalars.ts'
import { getBlock } from '../blocks.ts'
import { handlerFault } from '../fault.ts'
import { type Method, method } from '../method.ts'
import { blockId, withBlock } from '../params.ts'
import { blockView, chunkView } from '../views/block.ts'

const block = method(
  withBlock({}),
  ({ chain }, params) => blockView(getBlock(chain, params.block)),
  ([id]) => ({ block_id: id }),
)

const inBlock = v.object({ block_id: blockId, shard_id: v.pipe(v.number(), v.integer(), v.minValue(0)) })
const byHash = v.object({ chunk_id: hash })

const chunk = method(
  v.union([byHash, inBlock]),
  ({ chain }, params) => {
    if ('chunk_id' in params) {
      const found = chain.chunkBlock(params.chunk_id)
      if (found) return chunkView(found)
      const info = { chunk_hash: params.chunk_id }
      throw handlerFault(
        'UNKNOWN_CHUNK',
        info,
        `Chunk Missing (unavailable on the node): ChunkHash(\`${params.chunk_id}\`) \n Cause: Unknown`,
      )
    }
    const found = getBlock(chain, params.block_id)
    if (params.shard_id === 0) return chunkView(found)
    throw handlerFault('INVALID_SHARD_ID', { shard_id: params.shard_id }, `Shard id ${params.shard_id} does not exist`)
  },
  (params) => (params.length === 2 ? { block_id: params[0], shard_id: params[1] } : { chunk_id: params[0] }),
)

const gasPrice = method(
  v.object({ block_id: v.optional(v.nullable(blockId), null) }),
  ({ chain }, { block_id }) => ({
    gas_price: getBlock(chain, block_id ?? { finality: 'optimistic' }).header.gasPrice.toString(),
  }),
  ([id]) => ({ block_id: id }),
)

export const blockMethods: Readonly<Record<string, Method>> = { block, chunk, gas_price: gasPrice }
