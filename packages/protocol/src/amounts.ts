import { DcmlError } from './errors.ts'

/** Decimal places of one NEAR: 1 NEAR = 10^24 yoctoNEAR. */
const DECIMALS = 24
const MAX_U128 = (1n << 128n) - 1n

const invalid = (input: string): DcmlError =>
  new DcmlError('amount_invalid', `"${input}" is not an amount.`, {
    hint: 'Write "1.5 NEAR" (at most 24 decimals) or "100 yocto": plain digits, one space, no sign, no exponent.',
  })

/**
 * Reads "1.5 NEAR" or "100 yocto" into yoctoNEAR. The unit is never guessed: a bare number is refused.
 * @throws DcmlError `amount_invalid`
 */
export function parseAmount(input: string): bigint {
  const match = /^(0|[1-9]\d{0,38})(?:\.(\d{1,24}))? (NEAR|yocto)$/.exec(input)
  if (match === null || (match[3] === 'yocto' && match[2] !== undefined)) throw invalid(input)
  const [, whole = '0', fraction = '', unit] = match
  const value = unit === 'yocto' ? BigInt(whole) : BigInt(whole + fraction.padEnd(DECIMALS, '0'))
  if (value > MAX_U128) throw invalid(input)
  return value
}

/**
 * Writes yoctoNEAR as "1.5 NEAR", exact to the last yocto; `parseAmount` reads it back.
 * @throws DcmlError `amount_invalid` outside u128
 */
export function formatAmount(yocto: bigint): string {
  if (yocto < 0n || yocto > MAX_U128) throw invalid(String(yocto))
  const digits = yocto.toString().padStart(DECIMALS + 1, '0')
  const fraction = digits.slice(-DECIMALS).replace(/0+$/, '')
  return `${digits.slice(0, -DECIMALS)}${fraction && `.${fraction}`} NEAR`
}
