import { concatBytes, fromHex, toHex } from '@dcml/protocol'
import { bls12_381 } from '@noble/curves/bls12-381.js'
import { bn254 } from '@noble/curves/bn254.js'
import { expect, test } from 'vitest'
import { Logic } from '../../../test/logic.ts'

function run(name: string, data: Uint8Array) {
  const logic = new Logic({ prepaidGas: 10n ** 15n })
  const isCheck = name.endsWith('_check')
  const args = [...logic.write(data), ...(isCheck ? [] : [0])] as const
  const result = logic.run(name, ...args)
  return { result, output: logic.read(0n), costs: logic.costs() }
}

const refusal = (name: string, data: Uint8Array) => {
  const logic = new Logic({ prepaidGas: 10n ** 15n })
  return logic.refusal(name, ...logic.write(data), ...(name.endsWith('_check') ? [] : [0]))
}

const little = (value: bigint, size = 32): Uint8Array =>
  Uint8Array.from({ length: size }, (_, at) => Number((value >> BigInt(8 * at)) & 0xffn))

const bnG1 = (point: typeof bn254.G1.Point.BASE): Uint8Array => {
  const { x, y } = point.is0() ? { x: 0n, y: 0n } : point.toAffine()
  return concatBytes(little(x), little(y))
}
const bnG2 = (point: typeof bn254.G2.Point.BASE): Uint8Array => {
  const { x, y } = point.toAffine()
  return concatBytes(little(x.c0), little(x.c1), little(y.c0), little(y.c1))
}
const G = bn254.G1.Point.BASE
const H = bn254.G2.Point.BASE

test('alt_bn128: sums with signs and scalars', () => {
  const sum = concatBytes(Uint8Array.of(0), bnG1(G.multiply(5n)), Uint8Array.of(1), bnG1(G.multiply(2n)))
  expect(run('alt_bn128_g1_sum', sum)).toMatchObject({
    output: bnG1(G.multiply(3n)),
    costs: { alt_bn128_g1_sum_base: 1, alt_bn128_g1_sum_element: 2, write_register_byte: 64 },
  })
  const exp = concatBytes(bnG1(G), little(4n), bnG1(G.multiply(3n)), little(0n), bnG1(bn254.G1.Point.ZERO), little(9n))
  expect(run('alt_bn128_g1_multiexp', exp)).toMatchObject({
    output: bnG1(G.multiply(4n)),
    costs: { alt_bn128_g1_multiexp_base: 1, alt_bn128_g1_multiexp_element: 3 },
  })
  for (const name of ['alt_bn128_g1_sum', 'alt_bn128_g1_multiexp'])
    expect(run(name, new Uint8Array()).output).toEqual(new Uint8Array(64))
})

// nearcore `logic/tests/alt_bn128.rs`, test_alt_bn128_g1_multiexp
test('alt_bn128: a sum nearcore records', () => {
  const numbers = (...hex: string[]) => concatBytes(...hex.map((value) => little(BigInt(`0x${value}`))))
  const input = numbers(
    '12b453155ca3be5d0b14a4804cc39a0b4635b06d512735350cd031051644d3ec',
    '2944829dcfa7dd72bb04d12e46869e6a6c8162698f9a6c35724f91f597e25fc4',
    '112b450c0769c7cd80ffa552aaab2153adb5646664ee091639784a7f887411f7',
    '032b2c8b9f1e7f5e53c262ae87ccd1366df1af019f2dbfe1a58a6749ba4b923f',
    '0017741cde8d55ccce3a1dac210f531d22f574885226ea46fbbce4a4c75f7ed8',
    '19e4956d3cf5e04f938bc9dee72f2fcab15934c7e0450ae15afee161606b071a',
  )
  expect(run('alt_bn128_g1_multiexp', input).output).toEqual(
    numbers(
      '2923a9d452a047e0f24ab419d7893ecbf0c32a842afd88f991a6723decba82aa',
      '2e3a00f94191675c0730510133c2fca248160750d87b5157c534146d4d260b61',
    ),
  )
})

test('alt_bn128: pairings', () => {
  const check = (...pairs: [typeof G, typeof H][]) =>
    run('alt_bn128_pairing_check', concatBytes(...pairs.flatMap(([g1, g2]) => [bnG1(g1), bnG2(g2)])))
  expect(check().result).toBe(1n)
  expect(check([G.multiply(6n), H], [G.multiply(2n).negate(), H.multiply(3n)]).result).toBe(1n)
  expect(check([G.multiply(6n), H], [G.multiply(2n), H.multiply(3n)])).toMatchObject({
    result: 0n,
    costs: { alt_bn128_pairing_check_base: 1, alt_bn128_pairing_check_element: 2 },
  })
  expect(check([bn254.G1.Point.ZERO, H]).result).toBe(1n)
})

test('alt_bn128: what is no element is refused, with its bytes in Rust’s hex', () => {
  expect(refusal('alt_bn128_g1_sum', Uint8Array.of(92))).toBe(
    'AltBn128InvalidInput { msg: "slice of size 1 cannot be precisely split into chunks of size 65" }',
  )
  expect(refusal('alt_bn128_g1_sum', concatBytes(Uint8Array.of(92), bnG1(G)))).toBe(
    'AltBn128InvalidInput { msg: "invalid bool: [5C]" }',
  )
  expect(refusal('alt_bn128_g1_sum', concatBytes(Uint8Array.of(0), little(1n), little(1n)))).toMatch(
    /invalid g1: \[1, 0, .*0\]/,
  )
  expect(refusal('alt_bn128_g1_sum', concatBytes(Uint8Array.of(0), new Uint8Array(64).fill(0xff)))).toContain(
    'invalid fq: [FF',
  )
  expect(refusal('alt_bn128_g1_multiexp', concatBytes(bnG1(G), little(bn254.fields.Fr.ORDER)))).toContain('invalid fr')
  const offGroup = concatBytes(bnG1(G), new Uint8Array(127), Uint8Array.of(1))
  expect(refusal('alt_bn128_pairing_check', offGroup)).toContain('invalid g2')
})

const { G1, G2 } = bls12_381
const P = G1.Point.BASE
const Q = G2.Point.BASE
const { Fp } = bls12_381.fields
/** noble writes no point outside the group. */
const blsG1 = (point: typeof P): Uint8Array =>
  point.is0() ? point.toBytes(false) : concatBytes(Fp.toBytes(point.toAffine().x), Fp.toBytes(point.toAffine().y))
const blsG2 = (point: typeof Q): Uint8Array => point.toBytes(false)

test.each([
  ['bls12381_p1_sum', (n: bigint) => blsG1(P.multiply(n)), 96],
  ['bls12381_p2_sum', (n: bigint) => blsG2(Q.multiply(n)), 192],
] as const)('%s adds with signs', (name, point, size) => {
  const data = concatBytes(Uint8Array.of(0), point(5n), Uint8Array.of(1), point(2n))
  expect(run(name, data)).toMatchObject({
    result: 0n,
    output: point(3n),
    costs: { [`${name}_base`]: 1, [`${name}_element`]: 2, read_memory_base: 1, write_register_byte: size },
  })
  const infinity = new Uint8Array(size).with(0, 0x40)
  expect(run(name, new Uint8Array()).output).toEqual(infinity)
  expect(run(name, concatBytes(Uint8Array.of(0), point(5n), Uint8Array.of(0), infinity)).output).toEqual(point(5n))
  expect(run(name, concatBytes(Uint8Array.of(0), point(5n), Uint8Array.of(1), point(5n))).output).toEqual(infinity)
  expect(run(name, concatBytes(Uint8Array.of(2), point(5n)))).toMatchObject({ result: 1n, output: undefined })
  expect(refusal(name, new Uint8Array(5))).toContain(
    `Incorrect input length for ${name}: 5 is not divisible by ${size + 1}`,
  )
})

/** A point of the curve outside the group: the first x that lifts to one. */
function outsideG1(): typeof P {
  for (let x = 1n; ; x++) {
    try {
      const point = G1.Point.fromAffine({ x, y: Fp.sqrt(Fp.add(x ** 3n, 4n)) })
      if (!point.isTorsionFree()) return point
    } catch {
      // x has no point
    }
  }
}

test('bls12381: sums take points outside the group, products and pairings do not', () => {
  const outside = outsideG1()
  expect(run('bls12381_p1_sum', concatBytes(Uint8Array.of(0), blsG1(outside)))).toMatchObject({
    result: 0n,
    output: blsG1(outside),
  })
  expect(run('bls12381_g1_multiexp', concatBytes(blsG1(outside), little(1n))).result).toBe(1n)
  expect(run('bls12381_pairing_check', concatBytes(blsG1(outside), blsG2(Q))).result).toBe(1n)
})

test('bls12381: (0, 2) is on the curve and refused up to version 86', () => {
  const point = concatBytes(new Uint8Array(48), new Uint8Array(47), Uint8Array.of(2))
  expect(run('bls12381_p1_sum', concatBytes(Uint8Array.of(0), point)).result).toBe(1n)
  expect(run('bls12381_p1_decompress', new Uint8Array(48).with(0, 0x80)).result).toBe(1n)
})

test.each([
  ['the flag of compression', blsG1(P).with(0, blsG1(P)[0]! | 0x80)],
  ['the flag of infinity with a coordinate', blsG1(P).with(0, blsG1(P)[0]! | 0x40)],
  ['the flag of the larger y', blsG1(P).with(0, blsG1(P)[0]! | 0x20)],
  ['another y', blsG1(P).with(95, blsG1(P)[95]! ^ 1)],
  ['a coordinate that is not below p', new Uint8Array(96).fill(0x1f, 0, 1).fill(0xff, 1, 48)],
])('bls12381: a point with %s is none', (_, point) => {
  expect(run('bls12381_p1_sum', concatBytes(Uint8Array.of(0), point)).result).toBe(1n)
})

test.each([
  ['bls12381_g1_multiexp', (n: bigint) => blsG1(P.multiply(n)), 128],
  ['bls12381_g2_multiexp', (n: bigint) => blsG2(Q.multiply(n)), 224],
] as const)('%s takes little-endian scalars of 256 bits', (name, point, size) => {
  const order = bls12_381.fields.Fr.ORDER
  const data = concatBytes(point(2n), little(3n), point(1n), little(order + 1n), point(9n), little(0n))
  expect(run(name, data)).toMatchObject({ result: 0n, output: point(7n), costs: { [`${name}_element`]: 3 } })
  expect(refusal(name, new Uint8Array(1))).toContain(
    `Incorrect input length for ${name.replace('_g', '_p')}: 1 is not divisible by ${size}`,
  )
})

test('bls12381: decompression gives what was compressed, infinity included', () => {
  const g1 = [P, P.negate(), P.multiply(77n), G1.Point.ZERO]
  const g2 = [Q, Q.negate(), Q.multiply(77n), G2.Point.ZERO]
  expect(run('bls12381_p1_decompress', concatBytes(...g1.map((point) => point.toBytes(true))))).toMatchObject({
    result: 0n,
    output: concatBytes(...g1.map(blsG1)),
    costs: { bls12381_p1_decompress_element: 4 },
  })
  expect(run('bls12381_p2_decompress', concatBytes(...g2.map((point) => point.toBytes(true)))).output).toEqual(
    concatBytes(...g2.map(blsG2)),
  )
  const outside = outsideG1()
  const { x, y } = outside.toAffine()
  const compressed = Fp.toBytes(x).with(0, Fp.toBytes(x)[0]! | (y > (Fp.ORDER - 1n) / 2n ? 0xa0 : 0x80))
  expect(run('bls12381_p1_decompress', compressed).output).toEqual(blsG1(outside))
  expect(run('bls12381_p1_decompress', P.toBytes(true).with(0, 0x17)).result).toBe(1n)
  expect(run('bls12381_p1_decompress', new Uint8Array(48).with(0, 0xc0).with(9, 1)).result).toBe(1n)
})

// EIP-2537 test vectors: map_fp_to_G1 and map_fp2_to_G2, each the first case.
test('bls12381: maps of field elements', () => {
  const u = fromHex('156c8a6a2c184569d69a76be144b5cdc5141d2d2ca4fe341f011e25e3969c55ad9e9b9ce2eb833c81a908e5fa4ac5f03')
  expect(toHex(run('bls12381_map_fp_to_g1', u).output!)).toBe(
    '184bb665c37ff561a89ec2122dd343f20e0f4cbcaec84e3c3052ea81d1834e192c426074b02ed3dca4e7676ce4ce48ba' +
      '04407b8d35af4dacc809927071fc0405218f1401a6d15af775810e4e460064bcc9468beeba82fdc751be70476c888bf3',
  )
  const data = concatBytes(u, new Uint8Array(48))
  const mapped = run('bls12381_map_fp_to_g1', data)
  expect(mapped.output).toHaveLength(192)
  expect(mapped.costs).toMatchObject({ bls12381_map_fp_to_g1_element: 2 })
  expect(run('bls12381_map_fp_to_g1', new Uint8Array(48).fill(0xff)).result).toBe(1n)
  const c0 = fromHex('07355d25caf6e7f2f0cb2812ca0e513bd026ed09dda65b177500fa31714e09ea0ded3a078b526bed3307f804d4b93b04')
  const c1 = fromHex('02829ce3c021339ccb5caf3e187f6370e1e2a311dec9b75363117063ab2015603ff52c3d3b98f19c2f65575e99e8b78c')
  expect(toHex(run('bls12381_map_fp2_to_g2', concatBytes(c1, c0)).output!)).toBe(
    '126b855e9e69b1f691f816e48ac6977664d24d99f8724868a184186469ddfd4617367e94527d4b74fc86413483afb35b' +
      '00e7f4568a82b4b7dc1f14c6aaa055edf51502319c723c4dc2688c7fe5944c213f510328082396515734b6612c4e7bb7' +
      '1498aadcf7ae2b345243e281ae076df6de84455d766ab6fcdaad71fab60abb2e8b980a440043cd305db09d283c895e3d' +
      '0caead0fd7b6176c01436833c79d305c78be307da5f6af6c133c47311def6ff1e0babf57a0fb5539fce7ee12407b0a42',
  )
})

test('bls12381: pairings say 0 for one, 2 for another and 1 for what is no point', () => {
  const check = (...pairs: [typeof P, typeof Q][]) =>
    run('bls12381_pairing_check', concatBytes(...pairs.flatMap(([g1, g2]) => [blsG1(g1), blsG2(g2)])))
  expect(check().result).toBe(0n)
  expect(check([P.multiply(6n), Q], [P.multiply(2n).negate(), Q.multiply(3n)])).toMatchObject({
    result: 0n,
    costs: { bls12381_pairing_base: 1, bls12381_pairing_element: 2 },
  })
  expect(check([P, Q]).result).toBe(2n)
  expect(check([G1.Point.ZERO, Q]).result).toBe(0n)
  expect(run('bls12381_pairing_check', new Uint8Array(288)).result).toBe(1n)
  expect(refusal('bls12381_pairing_check', new Uint8Array(287))).toContain('287 is not divisible by 288')
})

test('bls12381: elements are paid by the length named, before reading', () => {
  const logic = new Logic()
  expect(logic.refusal('bls12381_p1_sum', 97 * 5, 65_500, 0)).toBe('MemoryAccessViolation')
  expect(logic.costs()).toMatchObject({ bls12381_p1_sum_base: 1, bls12381_p1_sum_element: 5, read_memory_byte: 485 })
  expect(new Logic().refusal('bls12381_p1_sum', -1, 1, 0)).toBe('IntegerOverflow')
})
