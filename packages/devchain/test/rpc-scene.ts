// A chain on which a bit of everything has happened, and its RPC.
import { type Action, encodeSignedTransaction, encodeTransaction, parseHash, transactionHash } from '@dcml/light-client'
import { Chain } from '../src/chain/chain.ts'
import type { ChainOptions } from '../src/chain/options.ts'
import { handleRpc, type RpcContext, toJson } from '../src/rpc/index.ts'
import { getAccessKey } from '../src/state/index.ts'
import { wat } from './wasm/wat.ts'

/** `set` keeps its input, `get` returns it, `boom` panics with it, `tell` logs it. */
export const keeper = wat(`(module
  (import "env" "input" (func $input (param i64)))
  (import "env" "value_return" (func $return (param i64 i64)))
  (import "env" "storage_write" (func $write (param i64 i64 i64 i64 i64) (result i64)))
  (import "env" "storage_read" (func $read (param i64 i64 i64) (result i64)))
  (import "env" "panic_utf8" (func $panic (param i64 i64)))
  (import "env" "log_utf8" (func $log (param i64 i64)))
  (memory 1)
  (data (i32.const 0) "kept")
  (data (i32.const 8) "no")
  (func (export "set") (call $input (i64.const 0))
    (drop (call $write (i64.const 4) (i64.const 0) (i64.const -1) (i64.const 0) (i64.const 1))))
  (func (export "get") (drop (call $read (i64.const 4) (i64.const 0) (i64.const 2)))
    (call $return (i64.const -1) (i64.const 2)))
  (func (export "boom") (call $panic (i64.const 2) (i64.const 8)))
  (func (export "tell") (call $log (i64.const 4) (i64.const 0))))`)

/** Signs for an account that genesis made. @param nonce default: the key's next */
export function sign(chain: Chain, signerId: string, receiverId: string, actions: readonly Action[], nonce?: bigint) {
  const key = chain.keyOf(signerId)
  const known = getAccessKey(chain.head.result.trie, signerId, key.publicKey)?.nonce ?? 0n
  const transaction = {
    version: 0 as const,
    signerId,
    publicKey: key.publicKey,
    nonce: nonce ?? known + 1n,
    receiverId,
    blockHash: chain.head.header.hash,
    actions,
  }
  const hash = transactionHash(transaction)
  const signature = key.sign(parseHash(hash))
  return { transaction, hash, signature, size: encodeTransaction(transaction).length }
}

export const signedBase64 = (...args: Parameters<typeof sign>): string =>
  Buffer.from(encodeSignedTransaction(sign(...args))).toString('base64')

/** JSON of whatever shape: the tests say which. */
// biome-ignore lint/suspicious/noExplicitAny: unknown would need a cast at every step into it
export type Json = any

export interface Scene {
  readonly chain: Chain
  readonly context: RpcContext
  /** The whole reply, as a client reads it. */
  request(method: string, params?: unknown): Promise<{ status: number; body: Json }>
  /** The result; throws where there is an error. */
  ask(method: string, params?: unknown): Promise<Json>
}

export function scene(options: ChainOptions = {}): Scene {
  const accounts = ['alice.test.near', 'bob.test.near', 'keeper.test.near'].map((accountId) => ({
    accountId,
    balance: 100n * 10n ** 24n,
  }))
  const chain = new Chain({ accounts, ...options })
  const node = { rpcAddr: '127.0.0.1:3030', startedAt: Date.now(), pollingTimeoutMs: 50, viewStateLimit: 50_000 }
  const context: RpcContext = { chain, node }
  const request: Scene['request'] = async (method, params) => {
    const { status, body } = await handleRpc(context, { jsonrpc: '2.0', id: 'x', method, params })
    return { status, body: JSON.parse(toJson(body)) }
  }
  const ask: Scene['ask'] = async (method, params) => {
    const { body } = await request(method, params)
    if (body.error) throw new Error(JSON.stringify(body.error))
    return body.result
  }
  return { chain, context, request, ask }
}

export const call = (methodName: string, args = '', deposit = 0n): Action => ({
  type: 'FunctionCall',
  methodName,
  args: new TextEncoder().encode(args),
  gas: 100n * 10n ** 12n,
  deposit,
})

/** Deploys the keeper and lets it keep "hello". */
export async function withKeeper({ chain, ask }: Scene): Promise<void> {
  const actions: Action[] = [{ type: 'DeployContract', code: keeper }, call('set', 'hello')]
  await ask('send_tx', { signed_tx_base64: signedBase64(chain, 'keeper.test.near', 'keeper.test.near', actions) })
}
