const VERSION = 1
/** Sizes in bytes: of the fields around the three texts, and of a key, digest or nonce. */
const LENGTHS = 12
const KEY = 32

/** Where a statement must have been made for. */
export interface Here {
  readonly networkId: string
  readonly contract: string
}

/** A field after the domain: an integer of 64 bits, or 32 bytes. */
type Field = bigint | Uint8Array

/** What `encodeMarkClaim` of @dcml/protocol writes. */
export const claimBytes = (here: Here, key: Uint8Array, { term, nonce }: { term: bigint; nonce: Uint8Array }) =>
  statement('dcml/mark-claim', here, key, [term, nonce])

/** What `encodeMark` of @dcml/protocol writes. */
export const markBytes = (
  here: Here,
  key: Uint8Array,
  { term, counter, digest, nonce }: { term: bigint; counter: bigint; digest: Uint8Array; nonce: Uint8Array },
) => statement('dcml/mark', here, key, [term, counter, digest, nonce])

/** Borsh, little-endian, of a domain and fields; the vectors of @dcml/protocol are the test. All texts are ASCII. */
function statement(tag: string, { networkId, contract }: Here, key: Uint8Array, fields: readonly Field[]): Uint8Array {
  const tail = fields.reduce((sum, field) => sum + (typeof field === 'bigint' ? 8 : KEY), 0)
  const bytes = new Uint8Array(LENGTHS + tag.length + 1 + networkId.length + contract.length + KEY + tail)
  const view = new DataView(bytes.buffer)
  let at = 0
  const text = (ascii: string): void => {
    view.setUint32(at, ascii.length, true)
    at += 4
    for (let i = 0; i < ascii.length; i++) bytes[at++] = ascii.charCodeAt(i)
  }
  text(tag)
  bytes[at++] = VERSION
  text(networkId)
  text(contract)
  for (const field of [key, ...fields]) {
    if (typeof field === 'bigint') view.setBigUint64(at, field, true)
    else bytes.set(field, at)
    at += typeof field === 'bigint' ? 8 : KEY
  }
  return bytes
}
