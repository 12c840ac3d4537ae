import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { concatBytes, DcmlError, fromHex } from '@dcml/protocol'
import fc from 'fast-check'
import { beforeAll, expect, test } from 'vitest'
import { Collector, codeOf, pattern, SMALL, tempFolder, writeModel } from '../../test/support.ts'
import { composeHeader, drawSecrets } from '../compose.ts'
import { encodeFrame } from '../header.ts'
import { generateModelKey } from '../keys.ts'
import { layoutOf } from '../layout.ts'
import type { WeightsManifest } from '../manifest.ts'
import { SegmentCipher } from '../segments.ts'
import { nodeCrypto } from './crypto.ts'
import { openToFolder } from './folder.ts'
import { hashModel } from './hash.ts'
import { openModel } from './open.ts'
import { readRange } from './range.ts'
import { type SealedModel, sealWith } from './seal.ts'

const { sk, pk } = generateModelKey()
const plaintext = pattern(4 * SMALL + 100)
const SEALED = SMALL + 16
let good: Uint8Array
let sealed: SealedModel

beforeAll(async () => {
  const folder = await mkdtemp(join(tmpdir(), 'dcml-weights-'))
  ;[good, sealed] = await seal(folder)
  await rm(folder, { recursive: true })
})

async function seal(folder: string, content = plaintext): Promise<[Uint8Array, SealedModel]> {
  const files = { a: content.subarray(0, 700), b: content.subarray(700, 1500), c: content.subarray(1500) }
  const source = await writeModel(join(folder, 'm'), files)
  const out = join(folder, 'x.dcmw')
  const result = await sealWith({ source, out, recipients: [pk] }, { leafSize: SMALL })
  return [Uint8Array.from(await readFile(out)), result]
}

/** Opens bytes as a container; what left before the refusal must be true plaintext. */
async function refuse(folder: string, bytes: Uint8Array): Promise<{ code: string; segment: unknown; left: number }> {
  const container = join(folder, 'changed.dcmw')
  await writeFile(container, bytes)
  const out = new Collector()
  const error = await openModel({ container, sk, into: out.into }).then(
    () => undefined,
    (reason) => reason,
  )
  if (!DcmlError.isInstance(error)) throw new Error(`not refused: ${error}`)
  expect(out.bytes).toEqual(plaintext.subarray(0, out.bytes.length))
  expect(out.closed).toBe(out.files.size)
  return { code: error.code, segment: error.details.segment, left: out.bytes.length }
}

const dataOffset = () => layoutOf(sealed.header).dataOffset
const segment = (index: number) => good.slice(dataOffset() + index * SEALED, dataOffset() + (index + 1) * SEALED)
const replaced = (index: number, by: Uint8Array) => {
  const bytes = good.slice()
  bytes.set(by, dataOffset() + index * SEALED)
  return bytes
}

test('any flipped bit is refused, and no byte of its segment leaves', async () => {
  const folder = await tempFolder()
  await fc.assert(
    fc.asyncProperty(fc.nat(good.length - 1), fc.nat(7), async (place, bit) => {
      const bytes = good.slice()
      bytes[place]! ^= 1 << bit
      const { code, segment, left } = await refuse(folder, bytes)
      if (place < dataOffset()) {
        expect(left).toBe(0)
        // a value that is only bound, such as the nonce prefix, shows at the first tag
        expect(segment ?? 0).toBe(0)
      } else {
        const hit = Math.floor((place - dataOffset()) / SEALED)
        expect({ code, segment }).toEqual({ code: 'container_segment_tampered', segment: hit })
        expect(left).toBeLessThanOrEqual(hit * SMALL)
      }
    }),
    { numRuns: 250 },
  )
})

test('every byte of the header frame counts', async () => {
  const folder = await tempFolder()
  const frame = encodeFrame(sealed.header).length
  for (let place = 0; place < frame; place += 3) {
    const bytes = good.slice()
    bytes[place]! ^= 0x01
    expect((await refuse(folder, bytes)).left, `byte ${place}`).toBe(0)
  }
})

test('any truncation is refused before anything leaves', async () => {
  const folder = await tempFolder()
  const lengths = [...[0, 1, 2, 3, 4].map((i) => dataOffset() + i * SEALED), 0, 3, 8, 100, 4095, good.length - 1]
  for (const length of lengths) {
    const { code, left } = await refuse(folder, good.slice(0, length))
    expect([length < 4 ? 'container_not_dcmw' : 'container_truncated', 0]).toEqual([code, left])
  }
})

test('anything appended is refused, a copy of the last segment too', async () => {
  const folder = await tempFolder()
  for (const more of [Uint8Array.of(0), segment(0), segment(4), new Uint8Array(SEALED * 3)])
    expect((await refuse(folder, concatBytes(good, more))).code).toBe('container_trailing_bytes')
})

test('swapped, repeated and shifted segments are refused', async () => {
  const folder = await tempFolder()
  for (let at = 0; at < 4; at++)
    for (let from = 0; from < 4; from++) {
      if (at === from) continue
      const { code, segment: named, left } = await refuse(folder, replaced(at, segment(from)))
      expect([code, named]).toEqual(['container_segment_tampered', at])
      expect(left).toBeLessThanOrEqual(at * SMALL)
    }
  const shifted = concatBytes(good.slice(0, dataOffset()), segment(1), segment(2), segment(3), segment(4))
  expect((await refuse(folder, concatBytes(shifted, segment(0)))).code).toBe('container_segment_tampered')
})

test('a cut at a boundary with a header made to match is refused: the header is bound', async () => {
  const folder = await tempFolder()
  const source = await writeModel(join(folder, 'm'), {
    a: plaintext.subarray(0, 700),
    b: plaintext.subarray(700, 1500),
  })
  const { manifest } = await hashModel(source)
  const other = await composeHeader({ ...manifest, leafSize: SMALL }, {}, [pk], drawSecrets())
  const frame = new Uint8Array(dataOffset())
  frame.set(
    encodeFrame({ ...other, wraps: sealed.header.wraps, salt: sealed.header.salt, commit: sealed.header.commit }),
  )
  const { code, left } = await refuse(folder, concatBytes(frame, segment(0), segment(1).slice(0, 476 + 16)))
  expect([code, left]).toEqual(['container_header_tampered', 0])
})

test('segments of another container under the same key do not fit', async () => {
  const folder = await tempFolder()
  const [other] = await seal(await tempFolder())
  const foreign = other.slice(dataOffset() + SEALED, dataOffset() + 2 * SEALED)
  const { code, segment: named } = await refuse(folder, replaced(1, foreign))
  expect([code, named]).toEqual(['container_segment_tampered', 1])
})

test('metadata cannot be changed', async () => {
  const folder = await tempFolder()
  const bytes = good.slice()
  bytes.set(encodeFrame({ ...sealed.header, meta: { license: 'MIT' } }))
  expect(await refuse(folder, bytes)).toMatchObject({ code: 'container_segment_tampered', segment: 0, left: 0 })
})

/** What a sealer makes that calls `content` what `manifest` says. */
async function sealAs(folder: string, manifest: WeightsManifest, content: Uint8Array): Promise<string> {
  const secrets = drawSecrets()
  const header = await composeHeader(manifest, {}, [pk], secrets)
  const cipher = new SegmentCipher(header, secrets.cek, nodeCrypto)
  const layout = layoutOf(header)
  const bytes = new Uint8Array(layout.fileSize)
  bytes.set(encodeFrame(header))
  for (let i = 0; i < layout.segments; i++) {
    const { offset, size, plainOffset, plainSize } = layout.segment(i)
    cipher.seal(i, content.subarray(plainOffset, plainOffset + plainSize), bytes.subarray(offset, offset + size))
  }
  const container = join(folder, 'lie.dcmw')
  await writeFile(container, bytes)
  return container
}

test('a sealer who lies about the content is found out at the end', async () => {
  const lie = plaintext.slice()
  lie[lie.length - 1]! ^= 1
  const container = await sealAs(await tempFolder(), sealed.manifest, lie)
  const opening = openModel({ container, sk, into: new Collector().into, expectedModelH: sealed.modelH })
  expect(await codeOf(opening)).toBe('container_root_mismatch')
})

test.each([0, 1, 2])('a sealer who lies about the digest of file %i is found out', async (i) => {
  const { manifest } = sealed
  const files = manifest.files.map((file, at) => (at === i ? { ...file, sha256: 'a'.repeat(64) } : file))
  const folder = await tempFolder()
  const container = await sealAs(folder, { ...manifest, files }, plaintext)
  const { path } = files[i]!
  await expect(openModel({ container, sk, into: new Collector().into })).rejects.toMatchObject({
    code: 'container_file_mismatch',
    details: { path },
  })
  expect(await codeOf(openToFolder({ container, sk, folder: join(folder, 'opened') }))).toBe('container_file_mismatch')
  expect(await readdir(folder)).toEqual(['lie.dcmw'])
})

test('another model than asked for is refused before the key is used', async () => {
  const folder = await tempFolder()
  const container = join(folder, 'x.dcmw')
  await writeFile(container, good)
  const out = new Collector()
  const expectedModelH = fromHex('00'.repeat(32))
  expect(await codeOf(openModel({ container, sk: new Uint8Array(32), into: out.into, expectedModelH }))).toBe(
    'model_h_mismatch',
  )
  expect(await codeOf(openModel({ container, sk: generateModelKey().sk, into: out.into }))).toBe('container_wrong_key')
  expect(out.files.size).toBe(0)
})

test('a range outside its file is refused, and a tampered segment of a range too', async () => {
  const folder = await tempFolder()
  const container = join(folder, 'x.dcmw')
  await writeFile(container, replaced(2, segment(1)))
  const range = (path: string, offset: number, length: number) => readRange({ container, sk, path, offset, length })
  expect(await range('a', 0, 700)).toEqual(plaintext.slice(0, 700))
  expect(await codeOf(range('c', 1000, 1))).toBe('container_segment_tampered')
  for (const [path, offset, length] of [
    ['a', 0, 701],
    ['a', -1, 1],
    ['a', 0.5, 1],
    ['z', 0, 0],
  ] as const)
    expect(await codeOf(range(path, offset, length))).toBe('container_range_invalid')
})
