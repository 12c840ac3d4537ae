import type { ApprovalFacts } from './closing.ts'

const TAG = 'dcml/approval'
const VERSION = 1

/** Sizes in bytes: of the fields around the three texts, and of the fields after the session key. */
const LENGTHS = 12
const KEY = 32
const TAIL = 8 + KEY + 8 + 8 + 16 + 8
const LOW = (1n << 64n) - 1n

/** Where the approval must have been made for. */
export interface Here {
  readonly networkId: string
  readonly contract: string
}

/**
 * The bytes an enclave signs, as `encodeApproval` of @dcml/protocol writes them (borsh, little-endian); the vectors there
 * are the test here. All texts are ASCII: network and account ids.
 * @param sessionKey 32 bytes @param challenge 32 bytes
 */
export function approvalBytes(
  { networkId, contract }: Here,
  sessionKey: Uint8Array,
  challenge: Uint8Array,
  { channelId, promptTokens, completionTokens, spent, counter }: Omit<ApprovalFacts, 'challenge'>,
): Uint8Array {
  const bytes = new Uint8Array(LENGTHS + TAG.length + 1 + networkId.length + contract.length + KEY + TAIL)
  const view = new DataView(bytes.buffer)
  let at = 0
  const text = (ascii: string): void => {
    view.setUint32(at, ascii.length, true)
    at += 4
    for (let i = 0; i < ascii.length; i++) bytes[at++] = ascii.charCodeAt(i)
  }
  const u64 = (value: bigint): void => {
    view.setBigUint64(at, value, true)
    at += 8
  }
  const raw = (value: Uint8Array): void => {
    bytes.set(value, at)
    at += value.length
  }
  text(TAG)
  bytes[at++] = VERSION
  text(networkId)
  text(contract)
  raw(sessionKey)
  u64(channelId)
  raw(challenge)
  u64(promptTokens)
  u64(completionTokens)
  u64(spent & LOW)
  u64(spent >> 64n)
  u64(counter)
  return bytes
}
