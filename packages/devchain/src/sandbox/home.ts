// The home directory of a node: the files its clients read, copy and edit between `init` and `run`.
import { randomBytes } from 'node:crypto'
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DcmlError, toHex } from '@dcml/protocol'
import * as v from 'valibot'
import { Chain } from '../chain/chain.ts'
import type { ChainOptions } from '../chain/options.ts'
import { toJson } from '../rpc/json.ts'
import { genesisConfigView } from '../rpc/views/chain-config.ts'
import { dumpRecords } from '../state/index.ts'
import { accountId, amount, publicKey, u64 } from '../wire/json/scalars.ts'

/** What `run` keeps the place of its RPC in, for commands of other processes on the same home. */
const RUNNING = join('data', 'devchain.json')

const NODE_CONFIG = {
  genesis_file: 'genesis.json',
  genesis_records_file: null,
  validator_key_file: 'validator_key.json',
  node_key_file: 'node_key.json',
  rpc: {
    addr: '0.0.0.0:3030',
    cors_allowed_origins: ['*'],
    polling_config: { polling_interval: { secs: 0, nanos: 100_000_000 }, polling_timeout: { secs: 10, nanos: 0 } },
    limits_config: { json_payload_max_size: 10 * 1024 * 1024 },
  },
  network: { addr: '0.0.0.0:24567', boot_nodes: '' },
  store: { path: null },
  consensus: { min_num_peers: 0 },
}

/** Writes the files of a new chain with one validator, as `neard init` does. Its keys are new ones. */
export function initHome(home: string, chainId: string, accountId: string): void {
  const seed = toHex(randomBytes(32))
  const chain = new Chain({
    chainId,
    seed,
    genesisTime: new Date(),
    ...(accountId !== 'test.near' && { validators: [{ accountId, stake: 50_000_000n * 10n ** 24n }] }),
    mining: { mode: 'manual' },
  })
  mkdirSync(join(home, 'data'), { recursive: true })
  writeJson(home, 'validator_key.json', keyFile(chain, accountId))
  writeJson(home, 'node_key.json', { ...keyFile(chain, 'node'), account_id: 'node' })
  writeJson(home, 'config.json', NODE_CONFIG)
  writeJson(home, 'genesis.json', genesisFile(chain))
}

function keyFile(chain: Chain, account_id: string) {
  const { publicKey: public_key, secretKey: secret_key } = chain.keyOf(account_id)
  return { account_id, public_key, secret_key }
}

/** The configuration of a chain with all of its state now. */
export const genesisFile = (chain: Chain): object => ({
  ...genesisConfigView(chain),
  records: [...dumpRecords(chain.stateAfter(chain.head))],
})

export const writeJson = (home: string, name: string, content: unknown): void =>
  writeFileSync(join(home, name), `${toJson(content)}\n`)

const ratio = v.tuple([v.number(), v.number()])
const genesis = v.object({
  chain_id: v.string(),
  protocol_version: v.number(),
  genesis_time: v.pipe(
    v.string(),
    v.transform((time) => new Date(time)),
    v.date(),
  ),
  genesis_height: v.optional(v.number(), 0),
  epoch_length: v.optional(v.number(), 500),
  gas_limit: u64,
  min_gas_price: amount,
  transaction_validity_period: v.optional(v.number(), 100),
  max_inflation_rate: v.optional(ratio, [1, 40]),
  validators: v.array(v.object({ account_id: accountId, public_key: publicKey, amount })),
  records: v.array(v.unknown()),
})
const validatorKey = v.union([
  v.object({ secret_key: v.string() }),
  v.pipe(
    v.object({ private_key: v.string() }),
    v.transform(({ private_key }) => ({ secret_key: private_key })),
  ),
])
const nodeConfig = v.looseObject({
  rpc: v.optional(
    v.looseObject({
      limits_config: v.optional(v.looseObject({ json_payload_max_size: v.optional(v.number()) })),
    }),
  ),
  trie_viewer_state_size_limit: v.optional(v.nullable(v.number())),
})

/** What the files of a home say, edited or not. */
export interface Home {
  readonly options: ChainOptions
  readonly bodyLimit: number | undefined
  readonly viewStateLimit: number | null | undefined
}

/** @throws DcmlError `devchain_home_invalid` naming the file that is missing or wrong */
export function readHome(home: string): Home {
  const file = read(home, 'genesis.json', genesis)
  const { secret_key } = read(home, 'validator_key.json', validatorKey)
  const config = read(home, 'config.json', nodeConfig)
  return {
    options: {
      chainId: file.chain_id,
      protocolVersion: file.protocol_version === 87 ? 87 : 86,
      genesisTime: file.genesis_time,
      genesisHeight: file.genesis_height,
      epochLength: Math.max(4, file.epoch_length),
      gasLimit: file.gas_limit,
      gasPrice: file.min_gas_price,
      transactionValidity: file.transaction_validity_period,
      maxInflation: [BigInt(file.max_inflation_rate[0]), BigInt(file.max_inflation_rate[1])],
      validators: file.validators.map(({ account_id, public_key, amount: stake }) => ({
        accountId: account_id,
        publicKey: public_key,
        stake,
      })),
      validatorKeys: [secret_key],
      records: file.records,
    },
    bodyLimit: config.rpc?.limits_config?.json_payload_max_size,
    viewStateLimit: config.trie_viewer_state_size_limit,
  }
}

function read<S extends v.GenericSchema>(home: string, name: string, schema: S): v.InferOutput<S> {
  const path = join(home, name)
  let json: unknown
  try {
    json = JSON.parse(readFileSync(path, 'utf8'))
  } catch (cause) {
    throw invalid(path, (cause as Error).message)
  }
  const parsed = v.safeParse(schema, json)
  if (parsed.success) return parsed.output
  throw invalid(path, `${v.getDotPath(parsed.issues[0]) ?? ''}: ${parsed.issues[0].message}`)
}

const invalid = (path: string, why: string): DcmlError =>
  new DcmlError('devchain_home_invalid', `${path} cannot be used: ${why}`, {
    hint: 'Make a new home with init, or undo the edit.',
  })

/** Says where the chain of this home can be asked. */
export function announce(home: string, url: string): void {
  mkdirSync(join(home, 'data'), { recursive: true })
  writeJson(home, RUNNING, { url, pid: process.pid })
}

/** Takes back what {@link announce} said, unless another process said it since. */
export function withdraw(home: string): void {
  if (running(home)?.pid === process.pid) rmSync(join(home, RUNNING), { force: true })
}

/** Where the chain of this home runs, if it does. */
export function running(home: string): { readonly url: string; readonly pid: number } | undefined {
  const schema = v.object({ url: v.string(), pid: v.number() })
  try {
    return read(home, RUNNING, schema)
  } catch {
    return undefined
  }
}
