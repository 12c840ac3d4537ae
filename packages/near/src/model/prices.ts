// Owners and hosts think of a million tokens; the contract counts yoctoNEAR per token. Nothing is rounded between.
import { DcmlError, formatAmount, parseAmount } from '@dcml/protocol'

const MILLION = 1_000_000n
const MOST = (1n << 128n) - 1n

/**
 * Reads "0.5 NEAR per million tokens" or "500 yocto per token" into yoctoNEAR per token.
 * @throws DcmlError `price_invalid`, also where a token would cost a fraction of a yocto
 */
export function parsePrice(text: string): bigint {
  const match = /^(.+) per (million tokens|token)$/.exec(text)
  if (match === null) throw invalid(text, 'is not a price')
  const [, amount = '', unit] = match
  let yocto: bigint
  try {
    yocto = parseAmount(amount)
  } catch {
    throw invalid(text, 'is not a price')
  }
  if (unit === 'token') return yocto
  if (yocto % MILLION !== 0n) throw invalid(text, 'is a fraction of a yocto per token')
  return yocto / MILLION
}

/**
 * Writes yoctoNEAR per token as "0.5 NEAR per million tokens", exact; `parsePrice` reads it back.
 * @throws DcmlError `amount_invalid` outside u128
 */
export const formatPrice = (yocto: bigint): string =>
  yocto > MOST / MILLION ? `${formatAmount(yocto)} per token` : `${formatAmount(yocto * MILLION)} per million tokens`

const invalid = (text: string, what: string): DcmlError =>
  new DcmlError('price_invalid', `"${text}" ${what}.`, {
    hint: 'Write "0.5 NEAR per million tokens" (at most 18 decimals) or "500 yocto per token".',
  })
