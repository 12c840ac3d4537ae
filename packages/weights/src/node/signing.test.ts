import { createHash, createPublicKey, generateKeyPairSync, verify } from 'node:crypto'
import { expect, test } from 'vitest'
import { pattern, tempFolder, writeModel } from '../../test/support.ts'
import { hashModel } from './hash.ts'
import { signModel, verifyModelSignature } from './signing.ts'

const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const model = async () =>
  (await hashModel(await writeModel(await tempFolder(), { b: pattern(9), 'a/x': pattern(3) }))).manifest

const failed = (signature: unknown, manifest: Parameters<typeof signModel>[0]['manifest'], key = publicKey) => {
  const { ok, checks } = verifyModelSignature({ signature, manifest, publicKey: key })
  expect(ok).toBe(checks.every((check) => check.status !== 'fail'))
  return checks.filter((check) => check.status === 'fail').map((check) => check.name)
}

test('signs what OpenSSF model signing reads: bundle, envelope, statement', async () => {
  const manifest = await model()
  const bundle = signModel({ manifest, key: privateKey, name: 'tiny' })
  const payload = Buffer.from(bundle.dsseEnvelope.payload, 'base64')
  const sha = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest()
  expect(JSON.parse(payload.toString())).toEqual({
    _type: 'https://in-toto.io/Statement/v1',
    subject: [
      { name: 'tiny', digest: { sha256: sha(Buffer.concat([sha(pattern(3)), sha(pattern(9))])).toString('hex') } },
    ],
    predicateType: 'https://model_signing/signature/v1.0',
    predicate: {
      serialization: { method: 'files', hash_type: 'sha256', allow_symlinks: false },
      resources: [
        { name: 'a/x', algorithm: 'sha256', digest: sha(pattern(3)).toString('hex') },
        { name: 'b', algorithm: 'sha256', digest: sha(pattern(9)).toString('hex') },
      ],
    },
  })
  const signed = Buffer.concat([Buffer.from(`DSSEv1 28 application/vnd.in-toto+json ${payload.length} `), payload])
  expect(verify('sha256', signed, publicKey, Buffer.from(bundle.dsseEnvelope.signatures[0]!.sig, 'base64'))).toBe(true)
  expect(bundle.verificationMaterial.publicKey.hint).toBe(
    sha(Buffer.from(publicKey.export({ type: 'spki', format: 'pem' }))).toString('hex'),
  )
})

test.each(['P-256', 'P-384', 'P-521'])('verifies its own signature with %s, keys as PEM', async (namedCurve) => {
  const pair = generateKeyPairSync('ec', {
    namedCurve,
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    publicKeyEncoding: { type: 'spki', format: 'pem' },
  })
  const manifest = await model()
  const signature = JSON.parse(JSON.stringify(signModel({ manifest, key: pair.privateKey })))
  const { ok, checks } = verifyModelSignature({ signature, manifest, publicKey: pair.publicKey })
  expect([ok, checks.length]).toEqual([true, 6])
})

test('names the check that a wrong signature fails', async () => {
  const manifest = await model()
  const good = signModel({ manifest, key: privateKey })
  const envelope = (change: object) => ({ ...good, dsseEnvelope: { ...good.dsseEnvelope, ...change } })
  const payload = Buffer.from(good.dsseEnvelope.payload, 'base64').toString()
  const other = createPublicKey(generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey)
  const file = manifest.files[0]!
  const with2 = { ...manifest, files: [...manifest.files, { ...file, path: 'c' }] }
  const changed = { ...manifest, files: [{ ...file, sha256: '00'.repeat(32) }, manifest.files[1]!] }

  expect(failed(good, manifest)).toEqual([])
  expect(failed(good, manifest, other)).toEqual(['key_hint', 'signature'])
  expect(failed(good, with2)).toEqual(['files'])
  expect(failed(good, { ...manifest, files: [file] })).toEqual(['files'])
  expect(failed(good, changed)).toEqual(['files'])
  expect(
    failed(envelope({ payload: Buffer.from(payload.replace('"b"', '"c"')).toString('base64') }), manifest),
  ).toEqual(['signature'])
  expect(failed(envelope({ payloadType: 'text/plain' }), manifest)).toEqual(['signature'])
  expect(failed(envelope({ signatures: [{ sig: '' }] }), manifest)).toEqual(['signature'])
  const unnamed = { ...good, verificationMaterial: { publicKey: {} } }
  expect(failed(unnamed, manifest)).toEqual([])
  expect(failed(unnamed, manifest, other)).toEqual(['signature'])
  expect(failed({ ...good, mediaType: 'x' }, manifest)).toEqual(['bundle_form'])
  for (const junk of [undefined, null, 1, 'x', {}, []]) expect(failed(junk, manifest)).toEqual(['bundle_form'])
})

test('a signature over something else is no signature over a model', async () => {
  const manifest = await model()
  const { sign } = await import('node:crypto')
  const good = signModel({ manifest, key: privateKey })
  const resign = (statement: unknown) => {
    const payload = Buffer.from(typeof statement === 'string' ? statement : JSON.stringify(statement))
    const type = 'application/vnd.in-toto+json'
    const signed = Buffer.concat([Buffer.from(`DSSEv1 ${type.length} ${type} ${payload.length} `), payload])
    const sig = sign('sha256', signed, privateKey).toString('base64')
    return { ...good, dsseEnvelope: { payload: payload.toString('base64'), payloadType: type, signatures: [{ sig }] } }
  }
  const statement = JSON.parse(Buffer.from(good.dsseEnvelope.payload, 'base64').toString())
  expect(failed(resign(statement), manifest)).toEqual([])
  expect(failed(resign('{'), manifest)).toEqual(['statement_form'])
  expect(failed(resign({ ...statement, predicateType: 'https://slsa.dev/provenance/v1' }), manifest)).toEqual([
    'statement_form',
  ])
  const root = { name: 'model', digest: { sha256: '00'.repeat(32) } }
  expect(failed(resign({ ...statement, subject: [root] }), manifest)).toEqual(['root_digest'])
})

test('keys of another kind are refused', async () => {
  const manifest = await model()
  const ed25519 = generateKeyPairSync('ed25519').privateKey
  const unsupported = expect.objectContaining({ code: 'signing_key_unsupported' })
  for (const key of [ed25519, 'not pem']) expect(() => signModel({ manifest, key })).toThrow(unsupported)
  expect(() => verifyModelSignature({ signature: {}, manifest, publicKey: 'not pem' })).toThrow(unsupported)
})
