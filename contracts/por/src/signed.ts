import type { Params, Update } from './terms.ts'

const VERSION = 1
const LOW = (1n << 64n) - 1n

/** Where an object must have been signed for. */
export interface Here {
  readonly networkId: string
  readonly contract: string
}

/** Borsh, little-endian; all texts are ASCII. Long enough for every object here with accounts and networks of 64 bytes. */
class Writer {
  readonly #bytes = new Uint8Array(384)
  readonly #view = new DataView(this.#bytes.buffer)
  #at = 0

  text(ascii: string): this {
    this.u32(ascii.length)
    for (let i = 0; i < ascii.length; i++) this.#bytes[this.#at++] = ascii.charCodeAt(i)
    return this
  }
  raw(value: Uint8Array): this {
    this.#bytes.set(value, this.#at)
    this.#at += value.length
    return this
  }
  u8(value: number): this {
    this.#bytes[this.#at++] = value
    return this
  }
  u16(value: number): this {
    this.#view.setUint16(this.#at, value, true)
    this.#at += 2
    return this
  }
  u32(value: number): this {
    this.#view.setUint32(this.#at, value, true)
    this.#at += 4
    return this
  }
  u64(value: bigint): this {
    this.#view.setBigUint64(this.#at, value, true)
    this.#at += 8
    return this
  }
  u128(value: bigint): this {
    return this.u64(value & LOW).u64(value >> 64n)
  }
  params(params: Params): this {
    return this.u32(params.latency)
      .u128(params.baseCost)
      .u128(params.byteCost)
      .u128(params.minLateRate)
      .u128(params.maxLateRate)
      .u32(params.sync)
      .u16(params.maxInflight)
      .u32(params.bytesPerSecond)
  }
  get done(): Uint8Array {
    return this.#bytes.slice(0, this.#at)
  }
}

/** The domain that every object begins with: its kind, this contract, and the node key that signs. */
const about = (tag: string, { networkId, contract }: Here, key: Uint8Array): Writer =>
  new Writer().text(tag).u8(VERSION).text(networkId).text(contract).raw(key)

/*
 * The bytes that nodes sign, as `@dcml/protocol/por` writes them; `signed.test.ts` compares.
 * Keys are those of the signer, 32 bytes.
 */

export const voucherBytes = (
  here: Here,
  key: Uint8Array,
  { edgeId, seq, total }: { edgeId: bigint; seq: bigint; total: bigint },
): Uint8Array => about('dcml/por-voucher', here, key).u64(edgeId).u64(seq).u128(total).done

export const severBytes = (here: Here, key: Uint8Array, edgeId: bigint): Uint8Array =>
  about('dcml/por-sever', here, key).u64(edgeId).done

export const updateBytes = (here: Here, key: Uint8Array, { edgeId, revision, params, effectiveFrom }: Update) =>
  about('dcml/por-update', here, key).u64(edgeId).u32(revision).params(params).u64(effectiveFrom).done

export const closeBytes = (
  here: Here,
  key: Uint8Array,
  { edgeId, balanceU, balanceV, notBefore }: { edgeId: bigint; balanceU: bigint; balanceV: bigint; notBefore: bigint },
): Uint8Array => about('dcml/por-close', here, key).u64(edgeId).u128(balanceU).u128(balanceV).u64(notBefore).done

/** What the hash in `confirm_edge` is of: the terms alone. */
export const paramsBytes = (params: Params): Uint8Array => new Writer().params(params).done
