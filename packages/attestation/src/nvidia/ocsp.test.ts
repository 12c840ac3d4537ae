import { createSimulator } from '@dcml/tee-simulator'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Chains } from '../x509/chain.ts'
import { Refusal } from '../x509/der.ts'
import { signatureVerifier } from '../x509/signature.ts'
import { readOcspResponse, requireResponder, speaksOf } from './ocsp.ts'
import { NVIDIA_PKI } from './pki.ts'
import { readStatement } from './revocation.ts'

const now = new Date('2026-11-21T12:00:00Z')
const simulator = await createSimulator({ now })
const { gpu } = simulator.createTee({ imageH: new Uint8Array(32), gpus: 1 })
const [device] = await gpu!.evidence(new Uint8Array(32))
const [answer] = device!.revocations as [Uint8Array]
const verify = await signatureVerifier()
const chains = new Chains(NVIDIA_PKI, verify, now.getTime())
const chain = chains.read(device!.certificates)

test('says which certificate it speaks of, of which issuer', () => {
  const { statuses } = readOcspResponse(answer)
  expect(statuses).toHaveLength(1)
  const [status] = statuses
  expect(status).toMatchObject({ status: 'good', serial: chain[1]!.serial })
  expect(speaksOf(status!, chain[1]!, chain[2]!)).toBe(true)
  expect(speaksOf(status!, chain[1]!, chain[3]!)).toBe(false)
  expect(speaksOf(status!, chain[2]!, chain[2]!)).toBe(false)
})

test('counts where the issuer or its delegate signed it, and nowhere else', async () => {
  const response = readOcspResponse(answer)
  const responders = response.certificates.map((der) => chains.readDer(der))
  expect(responders).not.toEqual([])
  const judge = (issuer: number, certificates = responders, at = now) =>
    requireResponder(response, certificates, chain[issuer]!, verify, at.getTime())
  await expect(judge(2)).resolves.toBeUndefined()
  await expect(judge(3)).rejects.toThrow('not certified by the issuer')
  await expect(judge(2, [])).rejects.toThrow('signature does not verify')
  await expect(judge(2, [chain[0]!])).rejects.toThrow('signature does not verify')
  await expect(judge(2, responders, new Date('1999-01-01'))).rejects.toThrow('judged at')
})

test.each([1, 2, 3, 5, 6])('the answer that there is none (status %i) is refused', (status) => {
  expect(() => readOcspResponse(Uint8Array.of(0x30, 3, 0x0a, 1, status))).toThrow(`status ${status}`)
})

test('any change of a byte is refused, in reading or in verifying', { timeout: 20_000 }, async () => {
  const issuer = chain[2]!
  for (let at = 0; at < answer.length; at += 3) {
    const bent = Uint8Array.from(answer)
    bent[at]! ^= 1 << (at % 8)
    const judge = async () => {
      const response = readOcspResponse(bent)
      const responders = response.certificates.map((der) => chains.readDer(der))
      await requireResponder(response, responders, issuer, verify, now.getTime())
    }
    await expect(judge(), `byte ${at}`).rejects.toBeInstanceOf(Refusal)
  }
})

test('any bytes are an answer, a list, or refused with a reason', () => {
  const bent = fc
    .tuple(fc.nat(answer.length), fc.uint8Array({ maxLength: 6 }), fc.nat(6))
    .map(([at, insert, cut]) => Uint8Array.of(...answer.subarray(0, at), ...insert, ...answer.subarray(at + cut)))
  fc.assert(
    fc.property(fc.oneof(bent, fc.uint8Array({ maxLength: 200 })), (der) => {
      try {
        readStatement(der, chains)
      } catch (error) {
        expect(error).toBeInstanceOf(Refusal)
      }
    }),
    { numRuns: Number(process.env.DCML_FUZZ ?? 1000) },
  )
})
