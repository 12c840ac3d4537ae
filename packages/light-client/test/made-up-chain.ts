// A small NEAR with keys and accounts of its own, two shards, and answers in RPC's form. Same input, same bytes.
import { utf8 } from '@dcml/protocol'
import { ed25519 } from '@noble/curves/ed25519.js'
import { sha256 } from '@noble/hashes/sha2.js'
import { base58, base64 } from '@scure/base'
import {
  appendLeaf,
  blockHash,
  blockInnerHash,
  type CryptoHash,
  EMPTY_FRONTIER,
  endorsementMessage,
  frontierRoot,
  type HeaderLite,
  type MerklePath,
  merklize,
  nextBlockHash,
  type Outcome,
  outcomeLeaf,
  parseLightClientBlock,
  producersHash,
  shardLeaf,
  trustBlock,
  type ValidatorStake,
} from '../src/index.ts'

export const hashOfText = (text: string): CryptoHash => base58.encode(sha256(utf8(text)))

const secretOf = (name: string) => sha256(utf8(`secret of ${name}`))
const publicKeys = new Map<string, string>()
export function publicKeyOf(name: string): string {
  const known = publicKeys.get(name) ?? `ed25519:${base58.encode(ed25519.getPublicKey(secretOf(name)))}`
  publicKeys.set(name, known)
  return known
}
export const sign = (name: string, message: Uint8Array) =>
  `ed25519:${base58.encode(ed25519.sign(message, secretOf(name)))}`

export interface Executed {
  readonly id: CryptoHash
  readonly outcome: Outcome
}

export interface MadeUpOptions {
  /** Producers of an epoch; default: four of equal stake, one of them new in each epoch. */
  readonly producers?: (epoch: number) => readonly ValidatorStake[]
  readonly epochLength?: number
  /** Who does not vote for a block. */
  readonly absent?: (height: number, account: string) => boolean
}

const stake = 10n ** 24n
export const producer = (accountId: string, weight = 1n): ValidatorStake => ({
  accountId,
  publicKey: publicKeyOf(accountId),
  stake: weight * stake,
})
const fourOf = (epoch: number) => [0, 1, 2, epoch + 3].map((i) => producer(`pool${i}.near`))

/** Genesis time: 2026-01-01. Blocks come every second. */
export const GENESIS_TIME = Date.UTC(2026, 0, 1)

export class MadeUpChain {
  readonly headers: HeaderLite[] = []
  readonly hashes: CryptoHash[] = []
  readonly #executed: (readonly (readonly Executed[])[])[] = []
  readonly #epochLength: number
  readonly #producers: (epoch: number) => readonly ValidatorStake[]
  readonly #absent: (height: number, account: string) => boolean

  constructor({ epochLength = 5, producers = fourOf, absent = () => false }: MadeUpOptions = {}) {
    this.#epochLength = epochLength
    this.#producers = producers
    this.#absent = absent
  }

  epochOf = (height: number): number => Math.floor(height / this.#epochLength)
  producersOf = (height: number): readonly ValidatorStake[] => this.#producers(this.epochOf(height))

  /** Makes the next block, which executes these on its two shards. @returns its height */
  produce(...shards: readonly (readonly Executed[])[]): number {
    const height = this.headers.length
    const epoch = this.epochOf(height)
    const tree = this.hashes.reduce(appendLeaf, EMPTY_FRONTIER)
    this.headers.push({
      innerLite: {
        height,
        epochId: hashOfText(`epoch ${epoch}`),
        nextEpochId: hashOfText(`epoch ${epoch + 1}`),
        prevStateRoot: hashOfText(`state ${height}`),
        outcomeRoot: this.#outcomes(height - 1).root,
        timestamp: BigInt(GENESIS_TIME + height * 1000) * 1_000_000n + 146n,
        nextBpHash: producersHash(this.#producers(epoch + 1)),
        blockMerkleRoot: frontierRoot(tree),
      },
      innerRestHash: hashOfText(`rest ${height}`),
      prevBlockHash: this.hashes.at(-1) ?? hashOfText('nothing'),
    })
    this.hashes.push(blockHash(this.headers[height]!))
    this.#executed.push([shards[0] ?? [], shards[1] ?? []])
    return height
  }

  /** Makes blocks up to `height`. */
  produceTo(height: number): this {
    while (this.headers.length <= height) this.produce()
    return this
  }

  #outcomes(height: number) {
    const shards = (this.#executed[height] ?? [[], []]).map((executed) =>
      merklize(executed.map(({ id, outcome }) => outcomeLeaf(id, outcome))),
    )
    return { shards, ...merklize(shards.map(({ root }) => shardLeaf(root))) }
  }

  /** What `next_light_client_block` answers; the block needs one more after it. */
  lightClientBlock(height: number, { withBps = true }: { withBps?: boolean } = {}) {
    const header = this.headers[height]!
    const nextBlockInnerHash = blockInnerHash(this.headers[height + 1]!)
    const message = endorsementMessage(nextBlockHash(nextBlockInnerHash, this.hashes[height]!), height + 2)
    return {
      ...headerView(header),
      next_block_inner_hash: nextBlockInnerHash,
      next_bps: withBps ? this.#producers(this.epochOf(height) + 1).map(producerView) : null,
      approvals_after_next: this.producersOf(height).map(({ accountId }) =>
        this.#absent(height, accountId) ? null : sign(accountId, message),
      ),
    }
  }

  /** What `EXPERIMENTAL_light_client_proof` answers for what the block at `height` executed. */
  proof(height: number, id: CryptoHash, headHeight: number) {
    const { shards, paths } = this.#outcomes(height)
    const shard = this.#executed[height]!.findIndex((executed) => executed.some((one) => one.id === id))
    const index = this.#executed[height]![shard]!.findIndex((one) => one.id === id)
    const { outcome } = this.#executed[height]![shard]![index]!
    return {
      outcome_proof: {
        id,
        block_hash: this.hashes[height + 1]!,
        outcome: outcomeView(outcome),
        proof: pathView(shards[shard]!.paths[index]!),
      },
      outcome_root_proof: pathView(paths[shard]!),
      block_header_lite: headerView(this.headers[height + 1]!),
      block_proof: pathView(merklize(this.hashes.slice(0, headHeight)).paths[height + 1]!),
    }
  }

  /** A state that trusts the block at `height`. */
  trust(height: number) {
    const block = parseLightClientBlock(this.lightClientBlock(height))
    return trustBlock(block, { hash: this.hashes[height]!, producers: this.producersOf(height) })
  }
}

const pathView = (path: MerklePath) => path.map(({ hash, direction }) => ({ hash, direction }))

const headerView = ({ innerLite, innerRestHash, prevBlockHash }: HeaderLite) => ({
  inner_lite: {
    height: innerLite.height,
    epoch_id: innerLite.epochId,
    next_epoch_id: innerLite.nextEpochId,
    prev_state_root: innerLite.prevStateRoot,
    outcome_root: innerLite.outcomeRoot,
    timestamp: Number(innerLite.timestamp), // rounded, as every JSON reader in JavaScript leaves it
    timestamp_nanosec: String(innerLite.timestamp),
    next_bp_hash: innerLite.nextBpHash,
    block_merkle_root: innerLite.blockMerkleRoot,
  },
  inner_rest_hash: innerRestHash,
  prev_block_hash: prevBlockHash,
})

export const producerView = ({ accountId, publicKey, stake }: ValidatorStake) => ({
  account_id: accountId,
  public_key: publicKey,
  stake: String(stake),
  validator_stake_struct_version: 'V1',
})

function outcomeView({ executorId, logs, receiptIds, gasBurnt, tokensBurnt, status }: Outcome) {
  return {
    executor_id: executorId,
    logs,
    receipt_ids: receiptIds,
    gas_burnt: Number(gasBurnt),
    tokens_burnt: String(tokensBurnt),
    metadata: { version: 1, gas_profile: null },
    status: statusView(status),
  }
}

function statusView(status: Outcome['status']) {
  if (status.type === 'SuccessValue') return { SuccessValue: base64.encode(status.value) }
  if (status.type === 'SuccessReceiptId') return { SuccessReceiptId: status.receiptId }
  return status.type === 'Failure' ? { Failure: status.error } : 'Unknown'
}
