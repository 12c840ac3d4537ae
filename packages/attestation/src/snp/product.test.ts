import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Refusal } from '../x509/der.ts'
import { componentsBelow, formatTcb, readProduct, readTcb, requireTcbReserved } from './product.ts'
import { readReport } from './report.ts'

const reportOf = (family: number, model: number) => {
  const bytes = new Uint8Array(1184)
  bytes[0] = 5
  bytes.set([family, model, 1], 0x188)
  return readReport(bytes)
}

test.each([
  ['Milan', 0x19, 0x00, 0x0f],
  ['Genoa', 0x19, 0x10, 0x1f],
  ['Genoa', 0x19, 0xa0, 0xaf],
  ['Turin', 0x1a, 0x00, 0x1f],
])('%s is CPUID family %i, models %i to %i', (product, family, from, until) => {
  for (const model of [from, until]) expect(readProduct(reportOf(family, model), product)).toBe(product)
  for (const model of [from - 1, until + 1].filter((it) => it >= 0 && it <= 255))
    expect(() => readProduct(reportOf(family, model), product)).toThrow(Refusal)
})

test.each(['', 'Milano', 'milan', 'Genoa ', 'Rome-B0'])('%j is no processor family', (certified) => {
  expect(() => readProduct(reportOf(0x19, 0x01), certified)).toThrow('unknown processor family')
})

const encoded = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8)

test('Turin encodes its TCB in another order', () => {
  expect(readTcb(encoded, 'Genoa')).toEqual({ bootloader: 1, tee: 2, snp: 7, microcode: 8 })
  expect(readTcb(encoded, 'Turin')).toEqual({ fmc: 1, bootloader: 2, tee: 3, snp: 4, microcode: 8 })
  expect(formatTcb(readTcb(encoded, 'Turin'))).toBe('fmc 1, bootloader 2, tee 3, snp 4, microcode 8')
})

test('every byte of a TCB is read or has to be zero', () => {
  for (const product of ['Milan', 'Genoa', 'Turin'] as const)
    for (let at = 0; at < 8; at++) {
      const one = new Uint8Array(8).fill(1, at, at + 1)
      const shows = Object.values(readTcb(one, product)).includes(1)
      if (shows) expect(() => requireTcbReserved(one, product)).not.toThrow()
      else expect(() => requireTcbReserved(one, product)).toThrow(Refusal)
    }
})

test('one TCB is below another in the components that are smaller, and in no others', () => {
  const svn = fc.nat(255)
  const tcb = fc.record({ fmc: svn, bootloader: svn, tee: svn, snp: svn, microcode: svn })
  fc.assert(
    fc.property(tcb, tcb, (a, b) => {
      const smaller = (Object.keys(a) as (keyof typeof a)[]).filter((name) => a[name] < b[name])
      expect(componentsBelow(a, b)).toEqual(
        ['fmc', 'bootloader', 'tee', 'snp', 'microcode'].filter((name) => smaller.includes(name as keyof typeof a)),
      )
    }),
  )
  expect(
    componentsBelow(
      { bootloader: 0, tee: 0, snp: 0, microcode: 0 },
      { fmc: 1, bootloader: 0, tee: 0, snp: 0, microcode: 0 },
    ),
  ).toEqual(['fmc'])
})
