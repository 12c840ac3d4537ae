// Params that many methods share.
import * as v from 'valibot'
import type { BlockRef } from '../chain/types.ts'
import { hash } from '../wire/json/scalars.ts'

const height = v.pipe(v.number(), v.safeInteger(), v.minValue(0))

/** A height, or a hash in base58. */
export const blockId = v.union([
  v.pipe(
    height,
    v.transform((at): BlockRef => ({ height: at })),
  ),
  v.pipe(
    hash,
    v.transform((at): BlockRef => ({ hash: at })),
  ),
])

export const finality = v.picklist(['optimistic', 'near-final', 'final'])

/** What names a block, beside a method's own params. Without any of the three nothing is asked for. */
const reference = v.object({
  block_id: v.optional(v.nullable(blockId)),
  finality: v.optional(v.nullable(finality)),
  sync_checkpoint: v.optional(v.nullable(v.picklist(['genesis', 'earliest_available']))),
})

/** `{ block_id }`, `{ finality }` or `{ sync_checkpoint }`, merged with the entries given. */
export const withBlock = <E extends v.ObjectEntries>(entries: E) =>
  v.pipe(
    v.object({ ...entries, ...reference.entries }),
    v.check(
      (params) => blockRef(params as v.InferOutput<typeof reference>) !== undefined,
      'no variant of enum BlockReference found in flattened data',
    ),
    v.transform((params) => ({
      ...(params as v.InferOutput<v.ObjectSchema<E, undefined>>),
      block: blockRef(params as v.InferOutput<typeof reference>) as BlockRef,
    })),
  )

function blockRef(params: v.InferOutput<typeof reference>): BlockRef | undefined {
  if (params.block_id) return params.block_id
  if (params.finality) return { finality: params.finality }
  return params.sync_checkpoint ? { syncCheckpoint: params.sync_checkpoint } : undefined
}

/** The block reference as nearcore echoes it in errors. */
export function blockRefJson(ref: BlockRef): object {
  if ('height' in ref) return { block_id: ref.height }
  if ('hash' in ref) return { block_id: ref.hash }
  return 'finality' in ref ? { finality: ref.finality } : { sync_checkpoint: ref.syncCheckpoint }
}
