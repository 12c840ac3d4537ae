import {
  attachedDeposit,
  base64,
  blockTimestamp,
  call,
  chainId,
  currentAccountId,
  ed25519Verify,
  events,
  hex,
  hexToBytes,
  NearBindgen,
  optional,
  record,
  type Schema,
  table,
  u64,
  type Value,
  type Values,
  view,
} from '@dcml/contract-build/contract'
import { advance, claim, type Row } from './marks.ts'
import { claimBytes, markBytes } from './statement.ts'

/** 32 bytes in lower-case hex that the contract compares and stores but does not look into. */
const key: Schema<string> = (() => {
  const bytes = hex(32)
  const check = (value: unknown): string => {
    bytes.parse(value as never)
    return value as string
  }
  return { ...bytes, parse: check, format: check }
})()

const row = record({ term: u64, counter: u64, digest: key }, 'Mark')
const marks = table('mark', row)

const signature = base64(64, 64)
const claimArgs = { device_key: key, term: u64, nonce: key, signature }
const advanceArgs = { device_key: key, term: u64, counter: u64, digest: key, nonce: key, signature }

/** Both say all there is to know of a mark; the nonce tells the enclave which call of its own it sees. */
const said = { device_key: key, term: u64, counter: u64, digest: key, nonce: key }
const emit = events('dcml_anchor', '1.0.0', { mark_claimed: said, mark_advanced: said })

const here = () => ({ networkId: chainId(), contract: currentAccountId() })

function requireSigned(
  statement: Uint8Array,
  { device_key, signature }: Values<typeof claimArgs | typeof advanceArgs>,
) {
  if (!ed25519Verify(signature, statement, hexToBytes(device_key)))
    throw new Error('the signature is not the device key’s')
}

/** The last state of each enclave that keeps its mark here (paper §6.1). Belongs to nobody and forgets nothing. */
@NearBindgen({ state: {} })
export class Anchor {
  /** An enclave has started: tells its mark, and takes steps of this start only. The first claim pays 0.005 NEAR. */
  @call({ args: claimArgs, deposit: 'any' })
  claim(args: Values<typeof claimArgs>): void {
    const { device_key, term, nonce } = args
    const own = hexToBytes(device_key)
    requireSigned(claimBytes(here(), own, { term, nonce: hexToBytes(nonce) }), args)
    const now = blockTimestamp() / 1_000_000n
    emit('mark_claimed', { device_key, nonce, ...claim(marks, { key: device_key, term }, now, attachedDeposit()) })
  }

  /** An enclave has written its next state. */
  @call({ args: advanceArgs })
  advance(args: Values<typeof advanceArgs>): void {
    const { device_key, nonce, signature: _, ...next } = args
    const [own, digest] = [hexToBytes(device_key), hexToBytes(next.digest)]
    requireSigned(markBytes(here(), own, { ...next, digest, nonce: hexToBytes(nonce) }), args)
    advance(marks, device_key, next)
    emit('mark_advanced', { device_key, nonce, ...next })
  }

  @view({ args: { device_key: key }, returns: optional(row) })
  mark({ device_key }: { device_key: string }): Value<typeof row> | null {
    return marks.get(device_key) satisfies Row | null
  }
}
