import { concatBytes, fromHex, toHex, utf8 } from '@dcml/protocol'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Refusal } from '../x509/der.ts'
import { readGpuFields } from './fields.ts'

type Values = Record<number, Uint8Array>
const tlv = (type: number, value: Uint8Array): Uint8Array =>
  concatBytes(Uint8Array.of(type & 0xff, type >> 8, value.length & 0xff, value.length >> 8), value)
const encode = (values: Values): Uint8Array =>
  concatBytes(...Object.entries(values).map(([type, value]) => tlv(Number(type), value)))

const gpu: Values = {
  3: utf8('550.144.03\0'),
  6: fromHex('00a5009601000000'),
  11: fromHex('55'),
  15: utf8('885\0\0\0\0\0\0'),
  17: utf8('g520\0'),
  18: utf8('0200\0'),
  20: new Uint8Array(48).fill(3),
  22: fromHex(`77e911d843b7533a77e911d843b7533a${'00'.repeat(8)}${'7532679ebabee39a'}`),
  36: fromHex('0200'),
  999: utf8('something new'),
}
const nvswitch: Values = {
  6: utf8('96.10.55.00.01'),
  22: fromHex('203eb31ad9ed0008'),
  26: concatBytes(fromHex(`40b9c6b3d748fd90${'ff'.repeat(8)}`.repeat(4)), new Uint8Array(64).fill(0xff)),
  25: fromHex('0100'),
}

test('reads a GPU', () => {
  expect(readGpuFields('gpu', encode(gpu))).toEqual({
    kind: 'gpu',
    driver: '550.144.03',
    vbios: '96.00.A5.00.01',
    board: { project: 'G520', projectSku: '0200', chipSku: '885' },
    chip: undefined,
    mode: 'ppcie',
    fwid: new Uint8Array(48).fill(3),
    nvdec0: false,
    links: ['3a53b743d811e977', '9ae3beba9e673275'],
  })
})

test('reads a switch', () => {
  expect(readGpuFields('switch', encode(nvswitch))).toEqual({
    kind: 'switch',
    vbios: '96.10.55.00.01',
    pdi: '203eb31ad9ed0008',
    fwid: undefined,
    links: ['40b9c6b3d748fd90'],
    locked: true,
  })
})

test.each(['', '00', '01', '0000', '0200', '0001', '010000'])('a switch whose lock says %j is not locked', (lock) => {
  expect(readGpuFields('switch', encode({ ...nvswitch, 25: fromHex(lock) }))).toMatchObject({ locked: false })
  const { 25: _, ...silent } = nvswitch
  expect(readGpuFields('switch', encode(silent))).toMatchObject({ locked: false })
})

test.each([
  ['0000', 'single'],
  ['0100', 'multi'],
  ['0200', 'ppcie'],
] as const)('mode %s is %s', (flag, mode) => {
  expect(readGpuFields('gpu', encode({ ...gpu, 36: fromHex(flag) }))).toMatchObject({ mode })
})

test('older drivers tell the mode by whether PCIe is protected', () => {
  const { 36: _, ...older } = gpu
  expect(readGpuFields('gpu', encode(older))).toMatchObject({ mode: 'single' })
  expect(readGpuFields('gpu', encode({ ...older, 21: fromHex('55') }))).toMatchObject({ mode: 'single' })
  expect(readGpuFields('gpu', encode({ ...older, 21: fromHex('aa') }))).toMatchObject({ mode: 'ppcie' })
})

test('a decoder that is not mentioned is there', () => {
  const { 11: _, ...silent } = gpu
  expect(readGpuFields('gpu', encode(silent))).toMatchObject({ nvdec0: true })
})

describe('refuses', () => {
  const ofGpu: [string, Values][] = [
    ['an unknown mode', { 36: fromHex('0300') }],
    ['a mode of three bytes', { 36: fromHex('020000') }],
    ['a decoder that is neither on nor off', { 11: fromHex('00') }],
    ['a driver that is no version', { 3: utf8('latest') }],
    ['an empty driver', { 3: new Uint8Array() }],
    ['a driver with bytes after its zeros', { 3: utf8('550.1\0.2') }],
    ['a long driver', { 3: utf8('5'.repeat(70)) }],
    ['a VBIOS of seven bytes', { 6: new Uint8Array(7) }],
    ['a VBIOS with more than five parts', { 6: fromHex('00a5009601020000') }],
    ['a chip that is no word', { 35: utf8('GB 100') }],
    ['a short FWID', { 20: new Uint8Array(32) }],
    ['half an identifier', { 22: new Uint8Array(12) }],
  ]
  test.each(ofGpu)('%s', (_, changed) => {
    expect(() => readGpuFields('gpu', encode({ ...gpu, ...changed }))).toThrow(Refusal)
  })

  test.each([3, 6, 15, 17, 18])('a GPU without field %i', (type) => {
    const { [type]: _, ...rest } = gpu
    expect(() => readGpuFields('gpu', encode(rest))).toThrow(`field ${type}`)
  })

  test.each([6, 22, 26])('a switch without field %i', (type) => {
    const { [type]: _, ...rest } = nvswitch
    expect(() => readGpuFields('switch', encode(rest))).toThrow(`field ${type}`)
  })

  test('one kind for the other', () => {
    expect(() => readGpuFields('switch', encode(gpu))).toThrow(Refusal)
    expect(() => readGpuFields('gpu', encode(nvswitch))).toThrow(Refusal)
  })

  test('a field that is there twice, even one that is unknown', () => {
    for (const type of [3, 999])
      expect(() => readGpuFields('gpu', concatBytes(encode(gpu), tlv(type, gpu[type]!)))).toThrow('twice')
  })

  test('any bytes, with a reason', () => {
    const whole = encode(gpu)
    const bent = fc
      .tuple(fc.nat(whole.length), fc.uint8Array({ maxLength: 6 }), fc.nat(6))
      .map(([at, insert, cut]) => concatBytes(whole.subarray(0, at), insert, whole.subarray(at + cut)))
    fc.assert(
      fc.property(
        fc.constantFrom('gpu' as const, 'switch' as const),
        fc.oneof(bent, fc.uint8Array()),
        (kind, input) => {
          try {
            expect(readGpuFields(kind, input).kind).toBe(kind)
          } catch (error) {
            expect(error).toBeInstanceOf(Refusal)
          }
        },
      ),
      { numRuns: Number(process.env.DCML_FUZZ ?? 2000) },
    )
  })
})

test('identifiers come in the order of the certificate whatever the order of the report', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 8, maxLength: 8 }), (pdi) => {
      fc.pre(pdi.some((byte) => byte !== 0) && pdi.some((byte) => byte !== 0xff))
      const { links } = readGpuFields('gpu', encode({ ...gpu, 22: Uint8Array.from(pdi).reverse() }))
      expect(links).toEqual([toHex(pdi)])
    }),
    { numRuns: 200 },
  )
})
