import type { FeeName, Params } from '../params/types.ts'

/** One fee as doubles: all of NEAR's gas figures are far below 2^53. */
export interface Price {
  readonly sir: number
  readonly notSir: number
  readonly execution: number
}

/** What gas counting looks up, in numbers instead of bigints. */
export interface Prices {
  readonly ext: Readonly<Record<string, number>>
  readonly fees: Readonly<Record<FeeName, Price>>
  readonly extraBytesPerRecord: number
}

const known = new WeakMap<Params, Prices>()

export function pricesOf(params: Params): Prices {
  const found = known.get(params)
  if (found !== undefined) return found
  const fees = Object.fromEntries(
    Object.entries(params.fees).map(([name, fee]) => [
      name,
      { sir: Number(fee.sendSir), notSir: Number(fee.sendNotSir), execution: Number(fee.execution) },
    ]),
  ) as Record<FeeName, Price>
  const prices = { ext: params.extCosts, fees, extraBytesPerRecord: Number(params.storage.numExtraBytesRecord) }
  known.set(params, prices)
  return prices
}
