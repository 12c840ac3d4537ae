import type { AccountId } from '@dcml/light-client'
import { DcmlError } from '@dcml/protocol'
import * as v from 'valibot'
import { Chain, loadChain } from './chain/chain.ts'
import type { KeyPair } from './chain/keys.ts'
import { openChain } from './chain/open.ts'
import { type ChainOptions, ROOT_ACCOUNT } from './chain/options.ts'
import { handleRpc, type NodeInfo, type RpcServer, type RpcServerOptions, serveRpc, toJson } from './rpc/index.ts'
import { DevAccount } from './testing/account.ts'

/** {@link ChainOptions}, and where the chain is kept. */
export interface DevchainOptions extends ChainOptions {
  /** Folder the chain is written to, block by block, and opened from again. Default: memory alone. */
  readonly data?: string
}

/** A NEAR chain in this process. Everything but RPC is synchronous: when a call returns, it has happened. */
export class Devchain extends Chain {
  readonly #node: NodeInfo = { rpcAddr: null, startedAt: Date.now(), pollingTimeoutMs: 10_000, viewStateLimit: null }

  /** `test.near`: holds 10^9 NEAR, and creates accounts below it. */
  get root(): DevAccount {
    return this.account(ROOT_ACCOUNT)
  }

  /** An account to act as, whether it exists or not. @param key default: the one genesis derives from the seed */
  account(accountId: AccountId, key: KeyPair = this.keyOf(accountId)): DevAccount {
    return new DevAccount(this, accountId, key)
  }

  /**
   * Calls a method of NEAR's RPC without HTTP. The result is what a client would read from the JSON.
   * @throws DcmlError `devchain_rpc_failed`, whose `cause` is the JSON-RPC error object
   */
  async rpc<T = unknown>(method: string, params: unknown = null): Promise<T> {
    const { body } = await handleRpc(
      { chain: this, node: this.#node },
      { jsonrpc: '2.0', id: 'in-process', method, params },
    )
    const { result, error } = JSON.parse(toJson(body)) as { result?: T; error?: { message: string; data?: unknown } }
    if (error === undefined) return result as T
    throw new DcmlError('devchain_rpc_failed', `${method}: ${toJson(error.data ?? error.message)}`, {
      hint: 'The cause is the error object that a client would get.',
      cause: error,
    })
  }

  /** Serves the chain over HTTP. @throws DcmlError `devchain_listen_failed` */
  serve(options: RpcServerOptions = {}): Promise<RpcServer> {
    return serveRpc(this, options)
  }
}

const folder = v.optional(v.pipe(v.string(), v.minLength(1)))

/**
 * Starts a chain, or opens the one in `data`.
 * @throws DcmlError `devchain_option_invalid`, `devchain_record_invalid`, `devchain_genesis_invalid`, and with `data`
 * `devchain_data_in_use`, `devchain_data_damaged`, `devchain_data_mismatch` or `devchain_write_failed`; with it every
 * call that makes a block can throw the last of these
 */
export function createDevchain({ data, ...options }: DevchainOptions = {}): Devchain {
  if (!v.is(folder, data))
    throw new DcmlError('devchain_option_invalid', 'Option data is no folder.', {
      hint: 'Give a path, or leave it out.',
    })
  return data === undefined ? new Devchain(options) : openChain(Devchain, data, options)
}

/**
 * A chain from the bytes of its `dump`: with its blocks, accounts and time, without snapshots and faults in wait.
 * @throws DcmlError `devchain_data_damaged`, `devchain_data_mismatch`
 */
export const loadDevchain = (
  dump: Uint8Array,
  options: Pick<ChainOptions, 'clock' | 'mining' | 'keepBlocks'> = {},
): Devchain => loadChain(Devchain, dump, options)
