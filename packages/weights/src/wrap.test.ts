import { expect, test } from 'vitest'
import { codeOf, pattern } from '../test/support.ts'
import { composeHeader, drawSecrets } from './compose.ts'
import type { ContainerHeader } from './header.ts'
import { generateModelKey, keyId, publicKeyOf } from './keys.ts'
import type { WeightsManifest } from './manifest.ts'
import { unwrapKey, wrapKey } from './wrap.ts'

const manifest: WeightsManifest = {
  version: 1,
  files: [{ path: 'm', size: 5, sha256: '11'.repeat(32) }],
  leafSize: 1024,
  root: '22'.repeat(32),
}

async function sealed(contract = 'model.near'): Promise<{ header: ContainerHeader; cek: Uint8Array; sk: Uint8Array }> {
  const { sk, pk } = generateModelKey()
  const secrets = drawSecrets()
  return { header: await composeHeader(manifest, { contract }, [pk], secrets), cek: secrets.cek, sk }
}

test('a key pair belongs together and is named by its public half', () => {
  const { sk, pk } = generateModelKey()
  expect(publicKeyOf(sk)).toEqual(pk)
  expect(keyId(pk)).toMatch(/^[0-9a-f]{32}$/)
  expect(keyId(pk)).not.toBe(keyId(generateModelKey().pk))
})

test.each([0, 31, 33])('a key of %d bytes is refused', (size) => {
  expect(() => publicKeyOf(new Uint8Array(size))).toThrow(expect.objectContaining({ code: 'model_key_malformed' }))
  expect(() => keyId(new Uint8Array(size))).toThrow(expect.objectContaining({ code: 'model_key_malformed' }))
})

test('the holder of sk gets the content key', async () => {
  const { header, cek, sk } = await sealed()
  expect(await unwrapKey(header, sk)).toEqual(cek)
})

test('another key gets a hint which keys would do', async () => {
  const { header } = await sealed()
  await expect(unwrapKey(header, generateModelKey().sk)).rejects.toMatchObject({
    code: 'container_wrong_key',
    hint: expect.stringContaining(header.wraps[0]!.kid),
  })
})

test('a public key of small order, which would make the secret public, is refused', async () => {
  const { header, cek } = await sealed()
  expect(await codeOf(wrapKey(header, Uint8Array.from(cek), new Uint8Array(32)))).toBe('model_key_malformed')
})

test('a wrap is worthless for another model, another contract and another key id', async () => {
  const { header, sk } = await sealed()
  const codes = await Promise.all([
    codeOf(unwrapKey({ ...header, modelH: '33'.repeat(32) }, sk)),
    codeOf(unwrapKey({ ...header, meta: { contract: 'thief.near' } }, sk)),
    codeOf(unwrapKey({ ...header, meta: {} }, sk)),
    codeOf(unwrapKey({ ...header, wraps: [{ ...header.wraps[0]!, kid: '44'.repeat(16) }] }, sk)),
  ])
  expect(codes).toEqual([
    'container_header_tampered',
    'container_header_tampered',
    'container_header_tampered',
    'container_wrong_key',
  ])
})

test('a wrap of another content key fails the commitment, so two recipients cannot be shown two models', async () => {
  const { header, sk } = await sealed()
  const other = await wrapKey(header, pattern(32), publicKeyOf(sk))
  await expect(unwrapKey({ ...header, wraps: [other] }, sk)).rejects.toMatchObject({
    code: 'container_header_tampered',
    message: expect.stringContaining('commits'),
  })
})
