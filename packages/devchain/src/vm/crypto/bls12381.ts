// BLS12-381 with nearcore's encodings (NEP-488, through blst): big-endian numbers, an Fp2 element as c1 then c0, flags
// in the three high bits of a point's first byte. `null` is what nearcore answers with 1: a point it does not take.

import { concatBytes } from '@dcml/protocol'
import type { IField } from '@noble/curves/abstract/modular.js'
import type { WeierstrassPoint, WeierstrassPointCons } from '@noble/curves/abstract/weierstrass.js'
import { bls12_381 } from '@noble/curves/bls12-381.js'

const FP = 48
const SCALAR = 32
const COMPRESSED = 0x80
const INFINITY = 0x40
const LARGER_Y = 0x20
const FLAGS = COMPRESSED | INFINITY | LARGER_Y

const { Fp, Fp2, Fr, Fp12 } = bls12_381.fields
type Fp2Element = ReturnType<typeof Fp2.create>

/** One of the two groups: its curve, and how its coordinates are written. */
export interface Group<F> {
  readonly Point: WeierstrassPointCons<F>
  readonly field: IField<F>
  /** Bytes of a coordinate. */
  readonly size: number
  readonly b: F
  /** Null for a number that is not below the field's order. */
  readonly read: (bytes: Uint8Array) => F | null
  readonly write: (value: F) => Uint8Array
  /** Whether a coordinate is the larger of itself and its negative. */
  readonly isLarger: (value: F) => boolean
  readonly map: (value: F) => WeierstrassPoint<F>
}

// noble's types promise bare coordinates of what is a point
const mapToG1 = bls12_381.G1.mapToCurve as unknown as (value: bigint) => WeierstrassPoint<bigint>
const mapToG2 = bls12_381.G2.mapToCurve as unknown as (value: bigint[]) => WeierstrassPoint<Fp2Element>

const bigEndian = (bytes: Uint8Array): bigint => bytes.reduce((value, byte) => (value << 8n) | BigInt(byte), 0n)

function readFp(bytes: Uint8Array): bigint | null {
  const value = bigEndian(bytes)
  return value < Fp.ORDER ? value : null
}

const isLargerFp = (value: bigint): boolean => value > (Fp.ORDER - 1n) / 2n

export const g1: Group<bigint> = {
  Point: bls12_381.G1.Point,
  field: Fp,
  size: FP,
  b: 4n,
  read: readFp,
  write: (value) => Fp.toBytes(value),
  isLarger: isLargerFp,
  map: mapToG1,
}

export const g2: Group<Fp2Element> = {
  Point: bls12_381.G2.Point,
  field: Fp2,
  size: 2 * FP,
  b: Fp2.create({ c0: 4n, c1: 4n }),
  read(bytes) {
    const c1 = readFp(bytes.subarray(0, FP))
    const c0 = readFp(bytes.subarray(FP))
    return c0 === null || c1 === null ? null : Fp2.create({ c0, c1 })
  },
  write: ({ c0, c1 }) => concatBytes(Fp.toBytes(c1), Fp.toBytes(c0)),
  isLarger: ({ c0, c1 }) => (c1 === 0n ? isLargerFp(c0) : isLargerFp(c1)),
  map: ({ c0, c1 }) => mapToG2([c0, c1]),
}

/** Sum of curve points, each after a byte of sign; the points need not be in the group. */
export function sum<F>(group: Group<F>, data: Uint8Array): Uint8Array | null {
  let total = group.Point.ZERO
  for (const item of chunks(data, sumSize(group))) {
    const point = readPoint(group, item.subarray(1))
    if (point === null || item[0]! > 1) return null
    total = total.add(item[0] === 1 ? point.negate() : point)
  }
  return writePoint(group, total)
}

/** Sum of points of the group times little-endian scalars. */
export function multiexp<F>(group: Group<F>, data: Uint8Array): Uint8Array | null {
  let total = group.Point.ZERO
  for (const item of chunks(data, multiexpSize(group))) {
    const point = readPoint(group, item.subarray(0, 2 * group.size))
    if (point === null || !point.isTorsionFree()) return null
    const scalar = bigEndian(item.subarray(2 * group.size).toReversed()) % Fr.ORDER
    total = total.add(point.multiplyUnsafe(scalar))
  }
  return writePoint(group, total)
}

/** Maps field elements to points of the group (RFC 9380, without hashing). */
export function map<F>(group: Group<F>, data: Uint8Array): Uint8Array | null {
  const points: Uint8Array[] = []
  for (const item of chunks(data, group.size)) {
    const value = group.read(item)
    if (value === null) return null
    points.push(writePoint(group, group.map(value)))
  }
  return concatBytes(...points)
}

export function decompress<F>(group: Group<F>, data: Uint8Array): Uint8Array | null {
  const points: Uint8Array[] = []
  for (const item of chunks(data, group.size)) {
    const point = readCompressed(group, item)
    if (point === null) return null
    points.push(writePoint(group, point))
  }
  return concatBytes(...points)
}

/** Whether the product of the pairings of the listed points of G1 and G2 is one. */
export function pairingCheck(data: Uint8Array): boolean | null {
  const pairs: { g1: WeierstrassPoint<bigint>; g2: WeierstrassPoint<Fp2Element> }[] = []
  for (const item of chunks(data, PAIRING_SIZE)) {
    const first = readPoint(g1, item.subarray(0, 2 * g1.size))
    if (first === null || !first.isTorsionFree()) return null
    const second = readPoint(g2, item.subarray(2 * g1.size))
    if (second === null || !second.isTorsionFree()) return null
    if (!first.is0() && !second.is0()) pairs.push({ g1: first, g2: second }) // infinity pairs to one
  }
  return Fp12.eql(bls12_381.pairingBatch(pairs), Fp12.ONE)
}

export const sumSize = <F>(group: Group<F>): number => 1 + 2 * group.size
export const multiexpSize = <F>(group: Group<F>): number => 2 * group.size + SCALAR
export const PAIRING_SIZE = 2 * (g1.size + g2.size)

function* chunks(data: Uint8Array, size: number): Generator<Uint8Array> {
  for (let at = 0; at < data.length; at += size) yield data.subarray(at, at + size)
}

/** An uncompressed point of the curve. Up to version 86, blst's refusal of x = 0 stands (`bls12381_not_in_group_fix`). */
function readPoint<F>(group: Group<F>, bytes: Uint8Array): WeierstrassPoint<F> | null {
  const { field } = group
  const flags = bytes[0]! & FLAGS
  if (flags === INFINITY) return isBareInfinity(bytes) ? group.Point.ZERO : null
  if (flags !== 0) return null
  const x = group.read(bytes.subarray(0, group.size))
  const y = group.read(bytes.subarray(group.size))
  if (x === null || y === null || field.is0(x) || !field.eql(field.sqr(y), curveRight(group, x))) return null
  return group.Point.fromAffine({ x, y })
}

function readCompressed<F>(group: Group<F>, bytes: Uint8Array): WeierstrassPoint<F> | null {
  const { field } = group
  if ((bytes[0]! & COMPRESSED) === 0) return null
  const plain = Uint8Array.from(bytes)
  plain[0]! &= ~COMPRESSED
  if ((plain[0]! & INFINITY) !== 0) return isBareInfinity(plain) ? group.Point.ZERO : null
  plain[0]! &= ~FLAGS
  const x = group.read(plain)
  if (x === null || field.is0(x)) return null
  const y = squareRoot(field, curveRight(group, x))
  if (y === null) return null
  const wantsLarger = (bytes[0]! & LARGER_Y) !== 0
  return group.Point.fromAffine({ x, y: group.isLarger(y) === wantsLarger ? y : field.neg(y) })
}

const isBareInfinity = (bytes: Uint8Array): boolean =>
  bytes[0] === INFINITY && bytes.subarray(1).every((byte) => byte === 0)

/** x³ + b */
const curveRight = <F>({ field, b }: Group<F>, x: F): F => field.add(field.mul(field.sqr(x), x), b)

function squareRoot<F>(field: IField<F>, value: F): F | null {
  try {
    return field.sqrt(value)
  } catch {
    return null
  }
}

function writePoint<F>(group: Group<F>, point: WeierstrassPoint<F>): Uint8Array {
  if (point.is0()) {
    const bytes = new Uint8Array(2 * group.size)
    bytes[0] = INFINITY
    return bytes
  }
  const { x, y } = point.toAffine()
  return concatBytes(group.write(x), group.write(y))
}
