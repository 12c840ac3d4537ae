import type { AccountId } from '@dcml/light-client'
import { DcmlError } from '@dcml/protocol'
import * as v from 'valibot'

const amount = v.pipe(v.bigint(), v.minValue(0n))
const positive = v.pipe(v.number(), v.integer(), v.minValue(1))
const accountId = v.custom<AccountId>((id) => typeof id === 'string' && id.length >= 2 && id.length <= 64)
const rate = v.tuple([v.bigint(), v.pipe(v.bigint(), v.minValue(1n))])

const mining = v.variant('mode', [
  v.object({ mode: v.literal('auto') }),
  v.object({ mode: v.literal('interval'), ms: positive }),
  v.object({ mode: v.literal('manual') }),
])

const NEAR = 10n ** 24n

const schema = v.strictObject({
  /** Default `localnet`, as near-sandbox has it. */
  chainId: v.optional(v.string(), 'localnet'),
  /** Default 86, mainnet's. */
  protocolVersion: v.optional(v.picklist([86, 87]), 86),
  /** Heights per epoch, more than 3; default 500 as a localnet. */
  epochLength: v.optional(v.pipe(v.number(), v.integer(), v.minValue(4)), 500),
  genesisHeight: v.optional(v.pipe(v.number(), v.integer(), v.minValue(0)), 0),
  /** Default 2026-01-01: with the same options and transactions, blocks have the same hashes. */
  genesisTime: v.optional(v.date(), () => new Date('2026-01-01T00:00:00Z')),
  /** From one block to the next, also over skipped heights; default 1000. */
  blockTimeMs: v.optional(positive, 1000),
  /** Milliseconds. Given, blocks carry this time; without it they are `blockTimeMs` apart. */
  clock: v.optional(v.function() as v.GenericSchema<() => number>),
  /** First and lowest price, yoctoNEAR per gas; default 10^8 as a localnet. At 10^9 no price difference is refunded. */
  gasPrice: v.optional(v.pipe(v.bigint(), v.minValue(1n)), 100_000_000n),
  /** Of a block; default 1 Pgas. */
  gasLimit: v.optional(v.pipe(v.bigint(), v.minValue(1n)), 10n ** 15n),
  /** Heights a transaction may be younger than the block it names; default 100 as a localnet. */
  transactionValidity: v.optional(positive, 100),
  /** What all keys are derived from; default `devchain`. */
  seed: v.optional(v.string(), 'devchain'),
  /** Accounts of genesis besides the root account; their keys come from the seed. */
  accounts: v.optional(v.array(v.object({ accountId, balance: amount })), []),
  /** Default: the root account alone, with 50 million NEAR. */
  validators: v.optional(
    v.pipe(
      v.array(v.object({ accountId, stake: v.pipe(v.bigint(), v.minValue(1n)), publicKey: v.optional(v.string()) })),
      v.minLength(1),
    ),
    [{ accountId: 'test.near', stake: 50_000_000n * NEAR }],
  ),
  /** Secret keys the devchain signs blocks with, for validators whose keys are not from the seed. */
  validatorKeys: v.optional(v.array(v.string()), []),
  /** RPC's state records, instead of the accounts above; validators need their accounts among them. */
  records: v.optional(v.array(v.unknown())),
  /** Blocks kept for queries and proofs; default 2500, five epochs. */
  keepBlocks: v.optional(v.pipe(v.number(), v.integer(), v.minValue(10)), 2500),
  /** Default `auto`. */
  mining: v.optional(mining, { mode: 'auto' }),
  /** New tokens a year as a fraction of the supply; default 1/40. `[0n, 1n]` switches rewards off. */
  maxInflation: v.optional(rate, [1n, 40n]),
})

/** How to start a chain; every field has a default. */
export type ChainOptions = v.InferInput<typeof schema>
/** {@link ChainOptions} with the defaults filled in. */
export type ChainSettings = v.InferOutput<typeof schema>

/** Owns the genesis supply of a chain made without records. */
export const ROOT_ACCOUNT = 'test.near'
/** Receives a tenth of the epoch rewards. */
export const TREASURY_ACCOUNT = 'near'
/** Each of the two gets this at genesis: 10^9 NEAR. */
export const ROOT_BALANCE = 1_000_000_000n * NEAR

/** @throws DcmlError `devchain_option_invalid` naming the first field that is wrong */
export function parseOptions(options: ChainOptions): ChainSettings {
  const parsed = v.safeParse(schema, options)
  if (parsed.success) return parsed.output
  const [issue] = parsed.issues
  throw new DcmlError('devchain_option_invalid', `Option ${v.getDotPath(issue) ?? ''}: ${issue.message}`, {
    hint: 'See ChainOptions for what a chain can be started with.',
  })
}
