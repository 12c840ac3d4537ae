// A payer's state as a file, to carry a channel to a machine without network (paper §6). It holds no key.
import { DcmlError, fromHex, toHex } from '@dcml/protocol'
import * as v from 'valibot'
import { refusal } from '../refuse.ts'
import type { Payer } from './payer.ts'

const FORMAT = 'dcml/payer'

const amount = v.pipe(
  v.string(),
  v.regex(/^(0|[1-9]\d{0,38})$/),
  v.transform((text) => BigInt(text)),
)
const hex32 = v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/))
const bytes32 = v.pipe(
  hex32,
  v.transform((text) => fromHex(text, 32)),
)
const terms = v.strictObject({
  chain: v.strictObject({ networkId: v.string(), contract: v.string() }),
  channelId: amount,
  payer: v.string(),
  host: v.string(),
  challenge: bytes32,
  sessionKey: bytes32,
  payerKey: bytes32,
  prices: v.strictObject({ ownerInput: amount, ownerOutput: amount, hostInput: amount, hostOutput: amount }),
  modelH: bytes32,
  keyEpoch: amount,
  expiresAt: amount,
})
const file = v.strictObject({
  format: v.literal(FORMAT),
  version: v.literal(1),
  terms,
  policy: v.strictObject({ perRequestLimit: amount, step: amount }),
  deposited: amount,
  authorised: amount,
  spent: amount,
  accounted: amount,
  unaccounted: amount,
  requests: v.array(hex32),
  heard: v.pipe(v.array(v.strictObject({ sequence: amount, spent: amount })), v.minLength(1)),
  closing: v.nullable(
    v.strictObject({ since: v.number(), approval: v.nullable(v.string()), deadline: v.nullable(amount) }),
  ),
  settled: v.nullable(amount),
})

/** Writes a payer as JSON: amounts in decimal yoctoNEAR, bytes in hex. */
export function exportPayer(payer: Payer): string {
  const plain = (_: string, value: unknown): unknown =>
    typeof value === 'bigint' ? value.toString() : value instanceof Uint8Array ? toHex(value) : value
  return `${JSON.stringify({ format: FORMAT, version: 1, ...payer }, plain, 2)}\n`
}

/**
 * Reads what `exportPayer` wrote. Of two machines with the same file only one may pay: the other would think less is
 * authorised than is.
 * @throws DcmlError `payer_file_invalid`
 */
export function importPayer(text: string): Payer {
  try {
    const { format: _format, version: _version, ...payer } = v.parse(file, JSON.parse(text))
    const { spent, accounted, authorised, deposited, policy } = payer
    if (spent > authorised || authorised > deposited || accounted > spent || policy.step > policy.perRequestLimit)
      throw invalid('its amounts contradict each other')
    return payer
  } catch (cause) {
    throw DcmlError.isInstance(cause) ? cause : invalid('it cannot be read', cause)
  }
}

const invalid = (why: string, cause?: unknown) =>
  refusal('payer_file_invalid', `The file is not a payer's state: ${why}.`, 'Export the channel again.', {}, { cause })
