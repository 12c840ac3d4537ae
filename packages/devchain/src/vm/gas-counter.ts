import { type HostError, hostError } from './host-error.ts'

const U64 = 2n ** 64n

/** Gas limits of one call. */
export interface GasLimits {
  /** Bought for the call. */
  readonly prepaid: number
  /** What any call may burn (`max_gas_burnt`). */
  readonly maxBurnt: number
}

/**
 * Counts burnt gas and gas promised to other receipts (nearcore `gas_counter.rs`). Gas is a whole number below 2^53, so
 * doubles are exact; only charges by lengths and amounts a contract names can be larger, and those fail either way.
 */
export class GasCounter {
  readonly prepaid: number
  readonly maxBurnt: number
  /** Burnt so far by cost; what is missing to {@link burnt} are instructions. */
  readonly profile = new Map<string, number>()
  #burnt = 0
  #promised = 0
  #limit: number

  constructor({ prepaid, maxBurnt }: GasLimits) {
    this.prepaid = prepaid
    this.maxBurnt = maxBurnt
    this.#limit = Math.min(prepaid, maxBurnt)
  }

  get burnt(): number {
    return this.#burnt
  }

  /** Burnt and promised. */
  get used(): number {
    return this.#burnt + this.#promised
  }

  /** What instructions may still burn. */
  get remaining(): number {
    return this.#limit - this.#burnt
  }

  /** Burns gas that is not in the profile: instructions. @throws HostError `GasExceeded`, `GasLimitExceeded` */
  burn(gas: number): void {
    const burnt = this.#burnt + gas
    if (burnt > this.#limit) throw this.#exceeded(burnt, burnt + this.#promised)
    this.#burnt = burnt
  }

  /** Burns `price * count` for `cost`. @throws HostError also `IntegerOverflow`, burning nothing */
  pay(cost: string, price: number, count: number): void {
    const before = this.#burnt
    const gas = price * count
    try {
      if (gas <= Number.MAX_SAFE_INTEGER) this.burn(gas)
      else this.#burnTooMuch(BigInt(price) * BigInt(count))
    } finally {
      this.#record(cost, before)
    }
  }

  /** Burns `burn` and promises `use - burn` away. @throws HostError */
  payAction(cost: string, burn: number, use: number): void {
    const before = this.#burnt
    try {
      this.#deduct(burn, use)
    } finally {
      this.#record(cost, before)
    }
  }

  /** Promises gas to a call of another contract. @throws HostError */
  prepay(gas: bigint): void {
    if (gas <= Number.MAX_SAFE_INTEGER) {
      this.#deduct(0, Number(gas))
      return
    }
    const used = gas + BigInt(this.used)
    if (used >= U64) throw hostError('IntegerOverflow')
    throw this.#exceeded(this.#burnt, Number(used))
  }

  #record(cost: string, before: number): void {
    const burnt = this.#burnt - before
    if (burnt > 0) this.profile.set(cost, (this.profile.get(cost) ?? 0) + burnt)
  }

  #deduct(burn: number, use: number): void {
    const burnt = this.#burnt + burn
    const promised = this.#promised + use - burn
    if (burnt > this.maxBurnt || burnt + promised > this.prepaid) throw this.#exceeded(burnt, burnt + promised)
    this.#burnt = burnt
    this.#promised = promised
    this.#limit = Math.min(this.maxBurnt, this.prepaid - promised)
  }

  /** A charge by a length no memory has: it cannot fit, but nearcore's 64-bit arithmetic decides how it fails. */
  #burnTooMuch(gas: bigint): never {
    const burnt = BigInt(this.#burnt) + gas
    if (gas >= U64 || burnt >= U64) throw hostError('IntegerOverflow')
    throw this.#exceeded(Number(burnt), Number((burnt + BigInt(this.#promised)) % U64))
  }

  #exceeded(burnt: number, used: number): HostError {
    this.#burnt = Math.min(burnt, this.prepaid, this.maxBurnt)
    this.#promised = Math.max(Math.min(this.prepaid, used) - this.#burnt, 0)
    return hostError(burnt > this.maxBurnt ? 'GasLimitExceeded' : 'GasExceeded')
  }
}
