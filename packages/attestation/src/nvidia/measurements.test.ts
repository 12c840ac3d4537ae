import { toHex } from '@dcml/protocol'
import { describe, expect, test } from 'vitest'
import type { GpuFields, SwitchFields } from './fields.ts'
import { isAtLeast, matchRims, requireDisjoint, requireMeasurements } from './measurements.ts'
import type { Rim } from './rim.ts'

const value = (n: number): Uint8Array => new Uint8Array(48).fill(n)
const measured = Array.from({ length: 40 }, (_, i) => value(i))
const rim = (active: Record<number, number[]>, fields: Partial<Rim> = {}): Rim =>
  ({
    product: 'GH100',
    edition: 'GPU',
    version: '550.144.03',
    active: new Map(Object.entries(active).map(([i, values]) => [Number(i), values.map((n) => toHex(value(n)))])),
    ...fields,
  }) as Rim
const gpu = { kind: 'gpu', driver: '550.144.03', vbios: '96.00.74.00.1C', nvdec0: true } as GpuFields
const nvswitch = { kind: 'switch', vbios: '96.10.55.00.01' } as SwitchFields
const identity = { kind: 'gpu', chip: 'GH100', pdi: '' } as const
const driver = rim({ 1: [1], 2: [7, 2] })
const vbios = rim({ 3: [3] }, { version: '96.00.74.00.1C' })

describe('measurements', () => {
  const judge = (rims: { driver?: Rim; vbios: Rim }, fields: GpuFields | SwitchFields = gpu, values = measured) =>
    requireMeasurements(values, { driver: undefined, ...rims }, fields)

  test('are those of both manifests, each one of its alternatives', () => {
    expect(() => judge({ driver, vbios })).not.toThrow()
    expect(() => judge({ driver: rim({ 1: [1], 2: [7, 8] }), vbios })).toThrow('measurements 2 are not')
    expect(() => judge({ driver: rim({ 1: [5] }), vbios: rim({ 3: [5] }) })).toThrow('measurements 1, 3 are not')
  })

  test('are at least as many as the manifests name', () => {
    expect(() => judge({ vbios: rim({ 40: [40] }) })).toThrow('measurements 40 are not')
    expect(() => judge({ vbios }, gpu, [])).toThrow('measurements 3 are not')
  })

  test('are compared with something', () => {
    for (const nothing of [{ driver: rim({}), vbios }, { driver, vbios: rim({}) }, { vbios: rim({}) }])
      expect(() => judge(nothing)).toThrow('no measurement at all')
  })

  test('leave out number 35 where the decoder that it measures is off, and only there', () => {
    const of35 = { vbios: rim({ 3: [3], 35: [99] }) }
    expect(() => judge(of35)).toThrow('measurements 35 are not')
    expect(() => judge(of35, { ...gpu, nvdec0: false })).not.toThrow()
    expect(() => judge(of35, nvswitch)).toThrow('measurements 35 are not')
    expect(() => judge({ vbios: rim({ 3: [4], 35: [99] }) }, { ...gpu, nvdec0: false })).toThrow('measurements 3 are')
  })
})

describe('manifests', () => {
  test('are matched whatever their order', () => {
    expect(matchRims([vbios, driver], gpu, identity)).toEqual({ vbios, driver })
    expect(matchRims([driver, vbios], gpu, identity)).toEqual({ vbios, driver })
  })

  test('of a switch are its firmware alone', () => {
    const own = rim({ 1: [1] }, { product: 'LS10', edition: 'SWITCH', version: nvswitch.vbios })
    const named = { kind: 'switch', chip: 'LS10', pdi: '' } as const
    expect(matchRims([own], nvswitch, named)).toEqual({ vbios: own, driver: undefined })
    expect(() => matchRims([own, { ...own, version: '550.144.03' }], nvswitch, named)).toThrow('neither its firmware')
  })

  const cases: [string, Rim[], string][] = [
    ['none', [], 'is missing'],
    ['no driver', [vbios], '550.144.03 is missing'],
    ['no firmware', [driver], '96.00.74.00.1C is missing'],
    ['of another chip, though validly signed', [vbios, { ...driver, product: 'GB100' }], 'a RIM for GB100'],
    ['of another version', [vbios, { ...driver, version: '550.54.15' }], 'a RIM for GH100 550.54.15'],
    ['of a switch', [vbios, { ...driver, edition: 'SWITCH' }], 'a RIM for GH100'],
    ['one too many', [vbios, driver, driver], 'two RIMs'],
  ]
  test.each(cases)('are refused: %s', (_, rims, why) => {
    expect(() => matchRims(rims, gpu, identity)).toThrow(why)
  })

  test('claim no measurement together', () => {
    expect(() => requireDisjoint({ driver, vbios })).not.toThrow()
    expect(() => requireDisjoint({ driver, vbios: rim({ 2: [2], 3: [3] }) })).toThrow('measurement 2')
    expect(() => requireDisjoint({ driver: undefined, vbios })).not.toThrow()
  })
})

test.each([
  ['550.144.03', '550.144.03', 10, true],
  ['550.144.03', '550.90.07', 10, true],
  ['550.90.07', '550.144.03', 10, false],
  ['575.32', '575.32.00', 10, true],
  ['575.32', '575.32.01', 10, false],
  ['96.00.9F.00.01', '96.00.74.00.1C', 16, true],
  ['96.00.74.00.0A', '96.00.74.00.1C', 16, false],
  ['97.00.00.00.00', '96.FF.FF.FF.FF', 16, true],
] as const)('%s against %s (base %i): %s', (version, least, radix, expected) => {
  expect(isAtLeast(version, least, radix)).toBe(expected)
})
