import { createHash } from 'node:crypto'
import { base64 } from '@scure/base'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { findVector } from '../../../../../test/vectors.ts'
import { Untimely } from '../../x509/chain.ts'
import { Refusal } from '../../x509/der.ts'
import { requireSigner } from './signer.ts'
import { MAX_NRAS_CHARACTERS, readDeviceClaims, readOverallClaims, readStapledVerdict } from './token.ts'

const json = (name: Parameters<typeof findVector>[0]) => {
  const bytes = findVector(name)
  return bytes && JSON.parse(new TextDecoder().decode(bytes))
}

describe("a key of NVIDIA's attestation service, June 2026", () => {
  const chain: string[] | undefined = json('attestation/gpu/nras/x5c-2026-06.json')?.x5c
  const at = (time: string) => new Date(time).getTime()
  const inForce = at('2026-06-09T12:00:00Z')

  test.skipIf(!chain)('is certified by the intermediate that is pinned, for its two days', async () => {
    const key = await requireSigner(chain!, 'production', [], inForce)
    expect(key).toMatchObject({ kind: 'p384' })
    for (const time of ['2026-06-08T00:00:00Z', '2026-06-11T00:00:00Z'])
      await expect(requireSigner(chain!, 'production', [], at(time))).rejects.toBeInstanceOf(Untimely)
  })

  test.skipIf(!chain)('is refused in another order, alone, and in development', async () => {
    const [leaf, issuer] = chain as [string, string]
    for (const other of [[issuer, leaf], [leaf], [leaf, leaf], [leaf, issuer, issuer], [leaf, '=']])
      await expect(requireSigner(other, 'production', [], inForce)).rejects.toBeInstanceOf(Refusal)
    await expect(requireSigner(chain!, 'development', [base64.decode(issuer)], inForce)).rejects.toBeInstanceOf(Refusal)
  })

  test.skipIf(!chain)('is refused with any byte of its certificate changed', async () => {
    const [leaf, issuer] = chain as [string, string]
    const der = base64.decode(leaf)
    for (let i = 0; i < der.length; i += 5) {
      const bent = Uint8Array.from(der)
      bent[i]! ^= 1 << (i % 8)
      const judge = requireSigner([base64.encode(bent), issuer], 'production', [], inForce)
      await expect(judge, `byte ${i}`).rejects.toBeInstanceOf(Refusal)
    }
  })
})

describe('a verdict of June 2025', () => {
  const answer = json('attestation/gpu/nras/eat-gpu-2025-06.json')
  const payload = (token: string) => Buffer.from(token.split('.')[1]!, 'base64url').toString()

  test.skipIf(!answer)('has the form that is read', () => {
    const jwks = { keys: [{ kid: 'k', x5c: ['AA=='], kty: 'EC' }] }
    const stapled = readStapledVerdict(JSON.stringify({ answer, jwks }))
    const [[, overall], devices] = stapled.answer
    const { submods, iss } = readOverallClaims(payload(overall))
    expect(iss).toBe('https://nras.attestation.nvidia.com')
    const token = devices['GPU-0']!
    expect(submods['GPU-0']![1][1]).toBe(createHash('sha256').update(token).digest('hex'))
    expect(readDeviceClaims(payload(token))).toMatchObject({ measres: 'success', secboot: true, dbgstat: 'disabled' })
  })
})

describe('refuses', () => {
  const jwks = { keys: [{ kid: 'k', x5c: ['AA=='] }] }
  const answer = [['JWT', 'a.b.c'], { 'GPU-0': 'a.b.c' }]
  test.each([
    ['text that is not JSON', '{'],
    ['no keys', JSON.stringify({ answer })],
    ['an empty key set', JSON.stringify({ answer, jwks: { keys: [] } })],
    ['a token that is none', JSON.stringify({ answer: [['JWT', 'a.b'], {}], jwks })],
    ['another kind of token', JSON.stringify({ answer: [['CWT', 'a.b.c'], {}], jwks })],
    ['a device of another name', JSON.stringify({ answer: [['JWT', 'a.b.c'], { 'DPU-0': 'a.b.c' }], jwks })],
    ['a third part', JSON.stringify({ answer: [...answer, {}], jwks })],
    ['a long text before reading it', ' '.repeat(MAX_NRAS_CHARACTERS + 1)],
  ])('%s', (_, text) => {
    expect(() => readStapledVerdict(text)).toThrow(Refusal)
  })

  test('any JSON, with a reason', () => {
    fc.assert(
      fc.property(fc.json(), (text) => {
        for (const read of [readStapledVerdict, readOverallClaims, readDeviceClaims])
          expect(() => read(text)).toThrow(Refusal)
      }),
      { numRuns: 300 },
    )
  })
})
