// Reads the published vectors with node:crypto and the text of the format only, then with the package.
import { createDecipheriv, createHash, hkdfSync } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { concatBytes, DcmlError, fromBase64url, fromHex, toHex } from '@dcml/protocol'
import { nobleCrypto, parseFrame, SegmentCipher, unwrapKey, verifyInclusion, webCrypto } from '@dcml/weights'
import { openModel } from '@dcml/weights/node'
import { expect, test } from 'vitest'
import container from '../vectors/container.json' with { type: 'json' }
import merkle from '../vectors/merkle.json' with { type: 'json' }
import negative from '../vectors/negative.json' with { type: 'json' }
import { Collector, tempFolder } from './support.ts'

const sha = (...parts: Uint8Array[]): Uint8Array => {
  const hash = createHash('sha256')
  for (const part of parts) hash.update(part)
  return Uint8Array.from(hash.digest())
}
const plaintext = concatBytes(...container.files.map((file) => fromHex(file.content)))
const frame = fromHex(container.frame)
const whole = concatBytes(
  frame,
  new Uint8Array(4096 - frame.length),
  ...container.segments.map((s) => fromHex(s.sealed)),
)

test('container.json follows from the text of the format', () => {
  const { header } = container
  expect(toHex(sha(Buffer.from(container.manifest)))).toBe(container.modelH)
  expect(header.files.map((file) => file.sha256)).toEqual(
    container.files.map((file) => toHex(sha(fromHex(file.content)))),
  )
  const { wraps, ...bound } = JSON.parse(Buffer.from(frame.subarray(9)).toString())
  expect(wraps).toHaveLength(2)
  const aad = sha(Buffer.from('DCMW\x01'), Buffer.from(JSON.stringify(bound)))
  expect(toHex(aad)).toBe(container.boundHash)

  const salt = fromBase64url(header.salt)
  const expand = (info: Uint8Array) => new Uint8Array(hkdfSync('sha256', fromHex(container.cek), salt, info, 32))
  expect(toHex(expand(Buffer.from('dcmw commit')))).toBe(toHex(fromBase64url(header.commit)))
  const key = expand(concatBytes(Buffer.from('dcmw seg'), aad))
  for (const [i, { nonce, leaf, sealed }] of container.segments.entries()) {
    const bytes = fromHex(sealed)
    const last = i === container.segments.length - 1 ? 1 : 0
    expect(nonce).toBe(`${toHex(fromBase64url(header.noncePrefix))}0000000${i}0${last}`)
    const decipher = createDecipheriv('aes-256-gcm', key, fromHex(nonce)).setAAD(aad).setAuthTag(bytes.subarray(-16))
    const plain = Buffer.concat([decipher.update(bytes.subarray(0, -16)), decipher.final()])
    expect(plain.equals(plaintext.subarray(i * 1024, (i + 1) * 1024))).toBe(true)
    expect(toHex(sha(Uint8Array.of(0), plain))).toBe(leaf)
  }
})

test.each([
  ['noble', nobleCrypto],
  ['WebCrypto', webCrypto],
])('container.json opens with %s alone, as in a browser', async (_, crypto) => {
  const header = parseFrame(whole)
  for (const { sk } of container.recipients) {
    const cek = await unwrapKey(header, fromHex(sk))
    expect(toHex(cek)).toBe(container.cek)
    const cipher = new SegmentCipher(header, cek, crypto)
    for (const [i, { sealed }] of container.segments.entries()) {
      const into = new Uint8Array(sealed.length / 2 - 16)
      await cipher.open(i, fromHex(sealed), into)
      expect(into).toEqual(plaintext.slice(i * 1024, (i + 1) * 1024))
    }
  }
})

test('container.json opens with node:crypto', async () => {
  const path = join(await tempFolder(), 'x.dcmw')
  await writeFile(path, whole)
  const out = new Collector()
  const sk = fromHex(container.recipients[0]!.sk)
  await openModel({ container: path, sk, into: out.into, expectedModelH: fromHex(container.modelH) })
  expect(out.bytes).toEqual(plaintext)
})

interface Negative {
  name: string
  patches: { at: number; bytes: string; zeroUntil?: number }[]
  size?: number
  append?: string
  sk?: string
  code: string
  segment?: number
  maxPlaintext: number
}

test.each((negative.cases as Negative[]).map((entry) => [entry.name, entry] as const))(
  'negative.json: %s',
  async (_, entry) => {
    let bytes = Uint8Array.from(whole)
    for (const { at, bytes: by, zeroUntil } of entry.patches) {
      bytes.set(fromHex(by), at)
      if (zeroUntil !== undefined) bytes.fill(0, at + by.length / 2, zeroUntil)
    }
    bytes = concatBytes(bytes.subarray(0, entry.size), fromHex(entry.append ?? ''))
    const path = join(await tempFolder(), 'x.dcmw')
    await writeFile(path, bytes)
    const out = new Collector()
    const sk = fromHex(entry.sk ?? container.recipients[0]!.sk)
    const error = await openModel({ container: path, sk, into: out.into }).catch((reason) => reason)
    if (!DcmlError.isInstance(error)) throw new Error(`not refused: ${error}`)
    expect([error.code, error.details.segment]).toEqual([entry.code, entry.segment])
    expect(out.bytes.length).toBeLessThanOrEqual(entry.maxPlaintext)
    expect(out.bytes).toEqual(plaintext.subarray(0, out.bytes.length))
  },
)

test('merkle.json', () => {
  for (const [i, { root, proofs }] of merkle.trees.entries())
    for (const [index, proof] of proofs.entries()) {
      const leaf = sha(Uint8Array.of(0, index))
      const claim = { leaf, index, count: i + 1, proof: proof.map((node) => fromHex(node)), root: fromHex(root) }
      expect(verifyInclusion(claim)).toBe(true)
      expect(toHex(leaf)).toBe(merkle.leaves[index])
    }
})
