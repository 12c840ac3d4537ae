import { verify, X509Certificate } from 'node:crypto'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { policyFor, simulator } from '../../test/world.ts'
import { readSnpIdentity, readSnpSignature } from './identity.ts'
import { verifySnpReport } from './verify.ts'

const minted = async () => {
  const tee = (await simulator()).createTee({ tee: 'snp', imageH: new Uint8Array(32) })
  return tee.quote(new Uint8Array(64).fill(7))
}

test('a report says what its own certificate says', async () => {
  const { report, vek, ask, ark } = await minted()
  const { roots } = await simulator()
  const { product, tcb, chipId, signer } = await verifySnpReport({
    report,
    vek,
    ask,
    ark,
    roots,
    now: new Date(),
    policy: await policyFor(),
  })
  expect(readSnpIdentity(report)).toEqual({ key: signer?.toLowerCase(), product, chipId, reportedTcb: tcb })
  const { signed, signature } = readSnpSignature(report)
  const key = { key: new X509Certificate(vek).publicKey, dsaEncoding: 'ieee-p1363' } as const
  expect(verify('sha384', signed, key, signature)).toBe(true)
  const other = readSnpSignature(report.with(0x50, 1))
  expect(verify('sha384', other.signed, key, other.signature)).toBe(false)
})

test('a report that does not say its processor is of the machine it is said to be of', async () => {
  const { report } = await minted()
  const old = report.with(0, 2)
  expect(readSnpIdentity(old, 'Milan').product).toBe('Milan')
  expect(() => readSnpIdentity(old)).toThrow('processor family')
  // what the report says itself counts
  expect(readSnpIdentity(report, 'Turin')).toEqual(readSnpIdentity(report))
})

test('any bytes are read or refused with a reason', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 1183, maxLength: 1185 }), (bytes) => {
      try {
        expect(readSnpIdentity(bytes, 'Genoa')).toMatchObject({ chipId: bytes.slice(0x1a0, 0x1e0) })
      } catch (error) {
        expect(error).toMatchObject({ message: expect.stringContaining('the report') })
      }
    }),
  )
})
