/** Where one channel is kept: its state, and apart from it its key. */
export interface ChannelStore {
  /**
   * Takes the store for this process, until `release`. Null for what was never kept.
   * @throws DcmlError `channel_store_busy` where another process has it
   */
  load(): Promise<{ readonly state: string | null; readonly key: string | null }>
  /** Keeps the state. It is kept for good, as far as the store can do that, when this resolves. */
  saveState(state: string): Promise<void>
  /** Keeps the key; as `saveState`. */
  saveKey(key: string): Promise<void>
  release(): Promise<void>
}

/**
 * Keeps a channel for as long as the process lives. What a crash takes with it costs time and not the deposit: the
 * account that opened the channel can still have it closed, by `start_close` and `finish_close` of the contract, which
 * takes the challenge period.
 */
export function memoryChannel(): ChannelStore {
  let state: string | null = null
  let key: string | null = null
  return {
    load: async () => ({ state, key }),
    async saveState(next) {
      state = next
    },
    async saveKey(next) {
      key = next
    },
    async release() {},
  }
}
