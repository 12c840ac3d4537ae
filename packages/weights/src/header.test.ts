import { concatBytes, DcmlError, utf8 } from '@dcml/protocol'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { canonicalJson } from './canonical.ts'
import { composeHeader } from './compose.ts'
import { type ContainerHeader, checkMeta, encodeFrame, PREAMBLE_SIZE, parseFrame } from './header.ts'
import { publicKeyOf } from './keys.ts'
import { layoutOf } from './layout.ts'
import type { WeightsManifest } from './manifest.ts'

const manifest: WeightsManifest = {
  version: 1,
  files: [
    { path: 'a.gguf', size: 3000, sha256: '11'.repeat(32) },
    { path: 'b/c', size: 0, sha256: '22'.repeat(32) },
  ],
  leafSize: 1024,
  root: '33'.repeat(32),
}
const secrets = { cek: new Uint8Array(32), salt: new Uint8Array(32).fill(1), noncePrefix: new Uint8Array(7) }
const header = await composeHeader(manifest, { arch: 'llama' }, [publicKeyOf(new Uint8Array(32).fill(9))], secrets)
const frame = encodeFrame(header)

const parseCode = (bytes: Uint8Array): string => {
  try {
    parseFrame(bytes)
    return 'accepted'
  } catch (error) {
    if (!DcmlError.isInstance(error)) throw error
    return error.code
  }
}
const withHeader = (change: object): Uint8Array => encodeFrame({ ...header, ...change } as ContainerHeader)
const withJson = (json: string): Uint8Array => {
  const size = new Uint8Array(4)
  new DataView(size.buffer).setUint32(0, utf8(json).length)
  return concatBytes(utf8('DCMW'), Uint8Array.of(1), size, utf8(json))
}

test('a frame comes back as it went in, whatever follows it', () => {
  expect(parseFrame(concatBytes(frame, new Uint8Array(100)))).toEqual(header)
})

test('what is not a container has its own code', () => {
  expect(parseCode(utf8('GGUF....................'))).toBe('container_not_dcmw')
  expect(parseCode(new Uint8Array())).toBe('container_not_dcmw')
  expect(parseCode(frame.subarray(0, 6))).toBe('container_truncated')
  expect(parseCode(frame.subarray(0, -1))).toBe('container_truncated')
  expect(parseCode(frame.map((byte, i) => (i === 4 ? 2 : byte)))).toBe('container_version_unsupported')
  expect(parseCode(withHeader({ suite: 'AES256-GCM-STREAM-8M' }))).toBe('container_suite_unsupported')
})

test.each<[string, object]>([
  ['a segment size that is no power of two', { segSize: 1500 }],
  ['a segment size below the range', { segSize: 512 }],
  ['a segment size above the range', { segSize: 8_388_608 }],
  ['another size', { plainSize: 3001 }],
  ['a negative size', { plainSize: -1 }],
  ['another model', { modelH: '44'.repeat(32) }],
  ['another root', { leafRoot: '44'.repeat(32) }],
  ['no file', { files: [] }],
  ['files in another order', { files: header.files.toReversed() }],
  ['a hole between files', { files: header.files.map((file) => ({ ...file, offset: file.offset + 1 })) }],
  ['another digest', { files: header.files.map((file) => ({ ...file, sha256: '55'.repeat(32) })) }],
  ['an upper-case digest', { leafRoot: 'AA'.repeat(32) }],
  ['no recipient', { wraps: [] }],
  ['a recipient twice', { wraps: [header.wraps[0], header.wraps[0]] }],
  ['a short salt', { salt: 'AAAA' }],
  ['a salt with spare bits set', { salt: `${'A'.repeat(42)}B` }],
  ['an unknown field', { extra: 1 }],
  ['unknown metadata', { meta: { colour: 'red' } }],
  ['a number where text belongs', { meta: { arch: 1 } }],
])('a header with %s is malformed', (_, change) => {
  expect(parseCode(withHeader(change))).toBe('container_malformed')
})

test('a header with a path that leads outside is refused', () => {
  expect(parseCode(withHeader({ files: [{ ...header.files[0], path: '../a' }] }))).toBe('model_path_refused')
})

test('only one spelling of a header is accepted', () => {
  const json = canonicalJson(header as never)
  expect(parseCode(withJson(json))).toBe('accepted')
  expect(parseCode(withJson(` ${json}`))).toBe('container_malformed')
  expect(parseCode(withJson(`\ufeff${json}`))).toBe('container_malformed')
  expect(parseCode(withJson(json.replace('"commit"', '"\\u0063ommit"')))).toBe('container_malformed')
  expect(parseCode(withJson(json.replace('{"commit"', '{"__proto__":{},"commit"')))).toBe('container_malformed')
  for (const other of ['null', '[]', '"x"', '{', '{}']) expect(parseCode(withJson(other))).toBe('container_malformed')
})

test('a header that claims to be huge is refused before memory is taken for it', () => {
  expect(parseCode(frame.map((byte, i) => (i >= 5 && i < PREAMBLE_SIZE ? 0xff : byte)))).toBe('container_malformed')
})

test('any bytes give a header or a DcmlError', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), fc.nat(), fc.nat(255), (noise, place, value) => {
      parseCode(noise)
      parseCode(concatBytes(frame.subarray(0, PREAMBLE_SIZE), noise))
      const changed = frame.slice()
      changed[place % frame.length] = value
      parseCode(changed)
    }),
    { numRuns: 300 },
  )
})

test('any JSON in place of the header gives a DcmlError', () => {
  fc.assert(
    fc.property(fc.json(), (json) => {
      expect(parseCode(withJson(json))).toMatch(/^container_/)
    }),
  )
})

test('unknown or misplaced metadata is refused before sealing', () => {
  expect(checkMeta({ rawH: 'ab'.repeat(32) })).toEqual({ rawH: 'ab'.repeat(32) })
  expect(() => checkMeta({ rawH: 'xyz' })).toThrow(expect.objectContaining({ code: 'model_meta_invalid' }))
  expect(() => checkMeta({ secret: 'x' } as never)).toThrow(expect.objectContaining({ code: 'model_meta_invalid' }))
})

test('segments cover the plaintext exactly and fill the container to its end', () => {
  fc.assert(
    fc.property(fc.nat(20_000), (plainSize) => {
      const layout = layoutOf({ ...header, plainSize })
      expect(layout.dataOffset % 4096).toBe(0)
      let [plain, offset] = [0, layout.dataOffset]
      for (let i = 0; i < layout.segments; i++) {
        const place = layout.segment(i)
        expect([place.plainOffset, place.offset]).toEqual([plain, offset])
        plain += place.plainSize
        offset += place.size
      }
      expect([plain, offset]).toEqual([plainSize, layout.fileSize])
      expect(() => layout.segment(layout.segments)).toThrow(RangeError)
    }),
  )
})
