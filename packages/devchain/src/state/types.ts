import type { AccountId, CryptoHash } from '@dcml/light-client'

/**
 * NEAR's state as an immutable Merkle-Patricia trie in nearcore's node layout: a snapshot is a reference, the root is
 * the real state root, and the nodes on a path are what a write is charged for.
 */
export interface Trie {
  get(key: Uint8Array): Uint8Array | undefined
  /** A new trie; this one stays as it is. */
  set(key: Uint8Array, value: Uint8Array): Trie
  /** A new trie without the key, or this one if it had none. */
  delete(key: Uint8Array): Trie
  /** Base58 of the root hash, computed lazily over the nodes that changed. */
  readonly root: CryptoHash
  /**
   * Trie nodes that looking up `key` for a write touches: the path, plus the value node where nearcore reads it.
   * Each costs `touching_trie_node` gas.
   */
  nodesOnPath(key: Uint8Array): number
  /** All entries under a prefix, in key order. */
  entries(prefix: Uint8Array): Iterable<readonly [key: Uint8Array, value: Uint8Array]>
  /** Serialized nodes proving `key` present or absent (`view_state` with `include_proof`). */
  prove(key: Uint8Array): Uint8Array[]
}

/** A key's new value; `undefined` where it was removed. */
export interface StateWrite {
  readonly key: Uint8Array
  readonly value: Uint8Array | undefined
}

/**
 * Changes on top of a trie within one chunk: each receipt commits or rolls back its own, the chunk finalizes all.
 * Gas of writes is counted against the trie as it was when the chunk began, and nothing for keys already changed
 * in memory, exactly as nearcore's TrieUpdate.
 */
export interface StateUpdate {
  get(key: Uint8Array): Uint8Array | undefined
  set(key: Uint8Array, value: Uint8Array): void
  remove(key: Uint8Array): void
  /** See {@link Trie.nodesOnPath}. */
  nodesTouched(key: Uint8Array): number
  /** Entries under a prefix, uncommitted changes included. */
  entries(prefix: Uint8Array): Iterable<readonly [key: Uint8Array, value: Uint8Array]>
  /** Keeps what happened since the last commit or rollback, and says what it was, in key order. */
  commit(): readonly StateWrite[]
  /** Forgets what happened since the last commit or rollback. */
  rollback(): void
  /** The function returned forgets, once, what happened since; nothing may be committed or rolled back in between. */
  savepoint(): () => void
  /** Keys changed by committed work so far, with old and new value, for `changes` and storage diffs. */
  changes(): Iterable<{
    readonly key: Uint8Array
    readonly before: Uint8Array | undefined
    readonly after: Uint8Array | undefined
  }>
  /** The trie with all committed changes. */
  finalize(): Trie
}

export type AccountContract =
  | { readonly type: 'None' }
  | { readonly type: 'Local'; readonly codeHash: CryptoHash }
  | { readonly type: 'Global'; readonly codeHash: CryptoHash }
  | { readonly type: 'GlobalByAccount'; readonly accountId: AccountId }

export interface Account {
  /** yoctoNEAR, free. */
  readonly amount: bigint
  /** yoctoNEAR, staked. */
  readonly locked: bigint
  /** Bytes the balance must cover. */
  readonly storageUsage: bigint
  readonly contract: AccountContract
  /** An account that has used global code once keeps the form of its bytes that can name it. */
  readonly version?: 2
}
