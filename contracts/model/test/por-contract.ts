import { accountId, base64, call, NearBindgen, optional, u64, view } from '@dcml/contract-build/contract'

/** Stands in for the Proof of Response contract: says of every account what it was told to say. */
@NearBindgen({ state: { since: optional(u64) } })
export class Por {
  since: bigint | null = null

  @call({ args: { since: optional(u64) } })
  say({ since }: { since: bigint | null }): void {
    this.since = since
  }

  @view({ args: { account: accountId }, returns: optional(u64) })
  disconnected_since(): bigint | null {
    return this.since
  }

  /** Takes any proof that is not empty. */
  @view({ args: { account: accountId, proof: base64(4096) }, returns: optional(u64) })
  invalid_response_since({ proof }: { proof: Uint8Array }): bigint | null {
    return proof.length > 0 ? this.since : null
  }
}
