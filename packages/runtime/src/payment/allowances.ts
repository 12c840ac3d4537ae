/** What payers allow their requests to cost, in yoctoNEAR: a voucher for one request does not pay for another beyond it. */
export class Allowances {
  readonly #allowed = new Map<string, { readonly channelId: bigint; readonly allowed: bigint }>()

  begin(requestId: string, channelId: bigint, allowed: bigint): void {
    this.#allowed.set(requestId, { channelId, allowed })
  }

  /** It never falls, and a request that is over, or another channel's, has none. */
  raise(requestId: string, channelId: bigint, allowed: bigint): void {
    const before = this.#allowed.get(requestId)
    if (before?.channelId !== channelId || before.allowed >= allowed) return
    this.#allowed.set(requestId, { channelId, allowed })
  }

  /** Undefined where the payer said nothing about the request. */
  of(requestId: string): bigint | undefined {
    return this.#allowed.get(requestId)?.allowed
  }

  end(requestId: string): void {
    this.#allowed.delete(requestId)
  }
}
