import { createSimulator, snpControls } from '@dcml/tee-simulator'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type Certificate, type Extension, readCertificate } from '../x509/certificate.ts'
import { Refusal } from '../x509/der.ts'
import { readVek } from './vek.ts'

const simulator = await createSimulator({ now: new Date('2026-11-21T12:00:00Z') })
const vekOf = (control: string): Certificate => {
  const { vek } = snpControls.find(({ name }) => name === control)!.mint(simulator).evidence
  return readCertificate(vek, ['p384', 'rsa'])
}
const ARC = '1.3.6.1.4.1.3704.1'

test('a VCEK names its chip, a VLEK its provider', () => {
  expect(readVek(vekOf('honest evidence'))).toMatchObject({
    product: 'Genoa',
    tcb: { bootloader: 10, tee: 0, snp: 23, microcode: 84 },
    hwId: expect.objectContaining({ length: 64 }),
    cspId: undefined,
  })
  expect(readVek(vekOf('report of version 5 of Turin'))).toMatchObject({
    product: 'Turin',
    tcb: { fmc: 1, bootloader: 3, tee: 2, snp: 5, microcode: 117 },
    hwId: expect.objectContaining({ length: 8 }),
  })
  expect(readVek(vekOf('VLEK, where the policy takes it'))).toMatchObject({
    hwId: undefined,
    cspId: 'CN=cloud.invalid',
  })
})

const certificate = vekOf('honest evidence')
const withValue = (arc: string, value: Uint8Array): Certificate => ({
  ...certificate,
  extensions: certificate.extensions.map((it): Extension => (it.oid === `${ARC}.${arc}` ? { ...it, value } : it)),
})

test('any bytes in an extension are read or refused, nothing else', () => {
  const arc = fc.constantFrom('2', '3.1', '3.2', '3.3', '3.8', '4')
  const tagged = fc
    .tuple(fc.constantFrom(2, 4, 0x16, 0x0c), fc.uint8Array({ maxLength: 70 }))
    .map(([tag, bytes]) => Uint8Array.of(tag, bytes.length, ...bytes))
  fc.assert(
    fc.property(arc, fc.oneof(tagged, fc.uint8Array({ maxLength: 70 })), (name, value) => {
      try {
        const { tcb, product } = readVek(withValue(name, value))
        for (const svn of Object.values(tcb)) expect(svn >= 0 && svn <= 255).toBe(true)
        expect(product).toMatch(/^[\x20-\x7e]{1,256}$/)
      } catch (error) {
        expect(error).toBeInstanceOf(Refusal)
      }
    }),
    { numRuns: 1000 },
  )
})

test('every patch level from 0 to 255 has one encoding', () => {
  for (let svn = 0; svn < 256; svn++) {
    const shortest = svn < 128 ? [2, 1, svn] : [2, 2, 0, svn]
    expect(readVek(withValue('3.8', Uint8Array.from(shortest))).tcb.microcode).toBe(svn)
  }
  for (const other of [[2, 2, 0, 5], [2, 1, 0x80], [2, 2, 1, 0], [2, 0], [2, 1, 5, 0], [5]])
    expect(() => readVek(withValue('3.8', Uint8Array.from(other)))).toThrow(Refusal)
})
