import { decode, encode, type Layout } from '@dcml/protocol'
import type { StateUpdate } from './types.ts'

/** Anything records can be read from: an update, or a trie. */
export type Readable = Pick<StateUpdate, 'get'>
/** Anything they can be listed from as well. */
export type Listable = Pick<StateUpdate, 'get' | 'entries'>

export function read<T>(state: Readable, layout: Layout<T>, key: Uint8Array): T | undefined {
  const bytes = state.get(key)
  return bytes && decode(layout, bytes)
}

export const write = <T>(state: StateUpdate, layout: Layout<T>, key: Uint8Array, value: T): void =>
  state.set(key, encode(layout, value))
