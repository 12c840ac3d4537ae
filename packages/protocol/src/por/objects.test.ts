import { createHash, createPrivateKey, sign as signWith } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import close from '../../vectors/por-close.json' with { type: 'json' }
import request from '../../vectors/por-request.json' with { type: 'json' }
import response from '../../vectors/por-response.json' with { type: 'json' }
import sever from '../../vectors/por-sever.json' with { type: 'json' }
import update from '../../vectors/por-update.json' with { type: 'json' }
import voucher from '../../vectors/por-voucher.json' with { type: 'json' }
import { decode } from '../borsh.ts'
import { fromHex, toHex } from '../bytes.ts'
import type { Domain } from '../domain.ts'
import { verifyEd25519Portable as verify } from '../portable-signature.ts'
import { bytesOf, type Kind, type NodeSigner, requireSigned, sign } from './kinds.ts'
import { closeOffer, edgeUpdate, porRequest, porResponse, porVoucher, requestHash, severCert } from './objects.ts'

type Fields = { readonly domain: Domain }
const kinds = [
  ['request', porRequest, request],
  ['response', porResponse, response],
  ['voucher', porVoucher, voucher],
  ['sever', severCert, sever],
  ['update', edgeUpdate, update],
  ['close', closeOffer, close],
] as unknown as [string, Kind<Fields>, typeof sever][]

/** The key of all vectors: seed 000102…1f (RFC 8410 §7 has the prefix). */
const pkcs8 = `302e020100300506032b657004220420${Array.from({ length: 32 }, (_, i) => i.toString(16).padStart(2, '0')).join('')}`
const key = createPrivateKey({ key: Buffer.from(pkcs8, 'hex'), format: 'der', type: 'pkcs8' })
const node: NodeSigner = {
  publicKey: fromHex(sever.valid[0]!.signerKey),
  sign: (message) => Uint8Array.from(signWith(null, message, key)),
}

/** As the vectors write fields. */
const inJson = (value: unknown): unknown => {
  if (value instanceof Uint8Array) return toHex(value)
  if (typeof value === 'bigint') return value.toString()
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, inJson(inner)]))
}

describe.each(kinds)('%s', (_name, kind, vectors) => {
  test.each(vectors.valid)('vector: $name', ({ chain, signerKey, fields, body, signature }) => {
    const read = decode(kind.layout, fromHex(body))
    const { domain, ...rest } = read
    expect(inJson(rest)).toEqual(fields)
    expect(toHex(bytesOf(kind, read))).toBe(body)
    expect(toHex(sign(kind, chain, rest, node).signature)).toBe(signature)
    requireSigned(kind, { body: read, signature: fromHex(signature) }, chain, fromHex(signerKey), verify)
  })

  test.each(vectors.refused)('vector: $name is refused', ({ code, chain, signerKey, body, signature }) => {
    const signed = { body: decode(kind.layout, fromHex(body)), signature: fromHex(signature) }
    expect(() => requireSigned(kind, signed, chain, fromHex(signerKey), verify)).toThrow(
      expect.objectContaining({ code }),
    )
  })

  test.each(vectors.malformed)('vector: $name is not read', ({ body }) => {
    expect(() => decode(kind.layout, fromHex(body))).toThrow(expect.objectContaining({ code: 'borsh_invalid' }))
  })

  test('any flipped bit is refused by name', () => {
    const { chain, signerKey, body, signature } = vectors.valid[0]!
    const at = fc.nat(fromHex(body).length + 63)
    fc.assert(
      fc.property(at, fc.nat(7), (byte, bit) => {
        const bytes = fromHex(body + signature)
        bytes[byte]! ^= 1 << bit
        expect(() => {
          const read = decode(kind.layout, bytes.subarray(0, -64))
          requireSigned(kind, { body: read, signature: bytes.subarray(-64) }, chain, fromHex(signerKey), verify)
        }).toThrow(expect.objectContaining({ code: expect.stringMatching(/^(borsh_invalid|por_foreign|por_forged)$/) }))
      }),
      { numRuns: 40 },
    )
  })

  test('passes for no other kind', () => {
    const { chain, signerKey, body, signature } = vectors.valid[0]!
    const signed = { body: decode(kind.layout, fromHex(body)), signature: fromHex(signature) }
    for (const [, other] of kinds.filter(([, each]) => each !== kind))
      expect(() => requireSigned(other, signed, chain, fromHex(signerKey), verify)).toThrow(
        expect.objectContaining({ code: 'por_foreign' }),
      )
  })
})

test('a request is named by the SHA-256 of what is signed', () => {
  for (const { body, requestHash: expected } of request.valid) {
    expect(toHex(requestHash(decode(porRequest.layout, fromHex(body))))).toBe(expected)
    expect(createHash('sha256').update(fromHex(body)).digest('hex')).toBe(expected)
  }
  expect(response.valid[0]!.fields.requestHash).toBe(request.valid[0]!.requestHash)
})
