import type { ChainRules } from './tip.ts'

/** Half-full blocks keep the price; nearcore `Block::compute_next_gas_price_checked`. */
export function nextGasPrice(price: bigint, gasUsed: bigint, { settings, params }: ChainRules): bigint {
  const { gasLimit, gasPrice: minimum } = settings
  const { gasPriceAdjustmentRate, maxGasPriceMultiplier } = params.economics
  const [numerator, denominator] = gasPriceAdjustmentRate
  const whole = 2n * denominator * gasLimit
  const next = (price * (whole + 2n * numerator * gasUsed - numerator * gasLimit)) / whole
  const maximum = minimum * maxGasPriceMultiplier
  return next < minimum ? minimum : next > maximum ? maximum : next
}
