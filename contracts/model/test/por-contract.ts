import { accountId, call, hex, NearBindgen, optional, u64, view } from '@dcml/contract-build/contract'

/** Stands in for the Proof of Response contract: says of every account what it was told to say. */
@NearBindgen({ state: { since: optional(u64), key: optional(hex(32)) } })
export class Por {
  since: bigint | null = null
  key: Uint8Array | null = null

  @call({ args: { since: optional(u64), key: optional(hex(32)) } })
  say({ since, key }: { since: bigint | null; key: Uint8Array | null }): void {
    this.since = since
    this.key = key
  }

  @view({ args: { account: accountId }, returns: optional(u64) })
  disconnected_since(): bigint | null {
    return this.since
  }

  @view({ args: { account: accountId }, returns: optional(hex(32)) })
  node_key(): Uint8Array | null {
    return this.key
  }
}
