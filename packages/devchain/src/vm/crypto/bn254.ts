// alt_bn128 with nearcore's encodings: little-endian numbers, (0, 0) is the point at infinity.
import { bn254 } from '@noble/curves/bn254.js'
import { type HostError, hostError } from '../host-error.ts'

const SCALAR = 32
const POINT = 2 * SCALAR

export const MULTIEXP_ELEMENT = POINT + SCALAR
export const SUM_ELEMENT = 1 + POINT
export const PAIRING_ELEMENT = 3 * POINT

const { G1, G2, fields } = bn254
const { Fp, Fr, Fp2, Fp12 } = fields
type G1Point = typeof G1.Point.BASE
type G2Point = typeof G2.Point.BASE

/** Cuts `data` into elements. @throws HostError `AltBn128InvalidInput` if it is no whole number of them */
export function splitElements(data: Uint8Array, size: number): Uint8Array[] {
  if (data.length % size !== 0)
    throw hostError('AltBn128InvalidInput', {
      msg: `slice of size ${data.length} cannot be precisely split into chunks of size ${size}`,
    })
  return Array.from({ length: data.length / size }, (_, at) => data.subarray(at * size, (at + 1) * size))
}

/** Sum of points times scalars. @throws HostError `AltBn128InvalidInput`, as do the others */
export function multiexp(elements: readonly Uint8Array[]): Uint8Array {
  const terms = elements.map((bytes) => ({
    point: readG1(bytes.subarray(0, POINT)),
    scalar: readFr(bytes.subarray(POINT)),
  }))
  return writeG1(terms.reduce((sum, { point, scalar }) => sum.add(point.multiplyUnsafe(scalar)), G1.Point.ZERO))
}

/** Sum of points, each with a sign. */
export function sum(elements: readonly Uint8Array[]): Uint8Array {
  const points = elements.map((bytes) => {
    const isNegative = readBool(bytes.subarray(0, 1))
    const point = readG1(bytes.subarray(1))
    return isNegative ? point.negate() : point
  })
  return writeG1(points.reduce((total, point) => total.add(point), G1.Point.ZERO))
}

/** Whether the product of pairings is one. */
export function pairingCheck(elements: readonly Uint8Array[]): boolean {
  const pairs = elements.map((bytes) => ({ g1: readG1(bytes.subarray(0, POINT)), g2: readG2(bytes.subarray(POINT)) }))
  const factors = pairs.filter(({ g1, g2 }) => !g1.is0() && !g2.is0()) // infinity pairs to one
  return Fp12.eql(bn254.pairingBatch(factors), Fp12.ONE)
}

function readG1(bytes: Uint8Array): G1Point {
  const x = readFp(bytes.subarray(0, SCALAR))
  const y = readFp(bytes.subarray(SCALAR))
  if (x === 0n && y === 0n) return G1.Point.ZERO
  const point = G1.Point.fromAffine({ x, y })
  if (!isValid(point)) throw invalid('invalid g1', bytes)
  return point
}

function readG2(bytes: Uint8Array): G2Point {
  const x = readFp2(bytes.subarray(0, POINT))
  const y = readFp2(bytes.subarray(POINT))
  if (Fp2.is0(x) && Fp2.is0(y)) return G2.Point.ZERO
  const point = G2.Point.fromAffine({ x, y })
  if (!isValid(point) || !point.isTorsionFree()) throw invalid('invalid g2', bytes)
  return point
}

function isValid(point: { assertValidity(): void }): boolean {
  try {
    point.assertValidity()
    return true
  } catch {
    return false
  }
}

const readFp2 = (bytes: Uint8Array): ReturnType<typeof Fp2.create> =>
  Fp2.create({ c0: readFp(bytes.subarray(0, SCALAR)), c1: readFp(bytes.subarray(SCALAR)) })

function readFp(bytes: Uint8Array): bigint {
  const value = littleEndian(bytes)
  if (value >= Fp.ORDER) throw invalid('invalid fq', bytes)
  return value
}

function readFr(bytes: Uint8Array): bigint {
  const value = littleEndian(bytes)
  if (value >= Fr.ORDER) throw invalid('invalid fr', bytes)
  return value
}

function readBool(bytes: Uint8Array): boolean {
  if (bytes[0]! > 1) throw invalid('invalid bool', bytes)
  return bytes[0] === 1
}

const littleEndian = (bytes: Uint8Array): bigint => bytes.reduceRight((value, byte) => (value << 8n) | BigInt(byte), 0n)

function writeG1(point: G1Point): Uint8Array {
  const bytes = new Uint8Array(POINT)
  if (point.is0()) return bytes
  const { x, y } = point.toAffine()
  for (const [offset, coordinate] of [
    [0, x],
    [SCALAR, y],
  ] as const)
    for (let at = 0, rest = coordinate; at < SCALAR; at++, rest >>= 8n) bytes[offset + at] = Number(rest & 0xffn)
  return bytes
}

/** The bytes in Rust's `{:X?}`. */
const invalid = (what: string, bytes: Uint8Array): HostError =>
  hostError('AltBn128InvalidInput', {
    msg: `${what}: [${Array.from(bytes, (byte) => byte.toString(16).toUpperCase()).join(', ')}]`,
  })
