// Writes ../vectors/*.json. Deterministic: every random value is derived from a label. Run it only when the format
// changes: node --conditions=@dcml/source packages/weights/test/make-vectors.ts && biome check --write packages/weights
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { concatBytes, fromBase64url, toHex, utf8 } from '@dcml/protocol'
import { hkdf } from '@noble/hashes/hkdf.js'
import { sha256 } from '@noble/hashes/sha2.js'
import type { SealSecrets } from '../src/compose.ts'
import { nobleCrypto } from '../src/crypto.ts'
import { boundHash, type ContainerHeader, encodeFrame, manifestOf } from '../src/header.ts'
import { keyId, publicKeyOf } from '../src/keys.ts'
import { layoutOf } from '../src/layout.ts'
import { encodeManifest } from '../src/manifest.ts'
import { inclusionProof, leafHash, merkleRoot } from '../src/merkle.ts'
import { sealWith } from '../src/node/seal.ts'
import { segmentNonce } from '../src/segments.ts'
import { wrapKey } from '../src/wrap.ts'
import { pattern, writeModel } from './models.ts'

const SEG = 1024
const draw = (label: string, length = 32): Uint8Array<ArrayBuffer> =>
  Uint8Array.from(sha256(utf8(`dcmw test vector ${label}`)).subarray(0, length))

const sk = draw('sk 1')
const sk2 = draw('sk 2')
const files = { 'config.json': utf8('{"layers":2}'), 'empty.bin': new Uint8Array(), 'model/a.gguf': pattern(2600, 7) }
const plaintext = concatBytes(...Object.values(files))
const secrets = (label: string): SealSecrets => ({
  cek: draw('cek'),
  salt: draw(`salt ${label}`),
  noncePrefix: draw(`prefix ${label}`, 7),
})

async function seal(label: string): Promise<{ bytes: Uint8Array; header: ContainerHeader }> {
  const folder = mkdtempSync(join(tmpdir(), 'dcml-vectors-'))
  try {
    const options = {
      source: await writeModel(join(folder, 'model'), files),
      out: join(folder, 'out.dcmw'),
      recipients: [publicKeyOf(sk), publicKeyOf(sk2)],
      meta: { arch: 'llama', license: 'CC0-1.0' },
      contract: 'model.near',
    }
    const ekms = ['1', '2'].map((n) => draw(`ekm ${label} ${n}`))
    const { header } = await sealWith(options, { leafSize: SEG, secrets: secrets(label), ekms })
    return { bytes: Uint8Array.from(readFileSync(options.out)), header }
  } finally {
    rmSync(folder, { recursive: true })
  }
}

const write = (name: string, value: object): void =>
  writeFileSync(join(import.meta.dirname, '..', 'vectors', name), `${JSON.stringify(value, null, 2)}\n`)

const { bytes, header } = await seal('A')
const layout = layoutOf(header)
const segments = Array.from({ length: layout.segments }, (_, i) => layout.segment(i))
const slice = (from: Uint8Array, index: number): Uint8Array =>
  from.slice(segments[index]!.offset, segments[index]!.offset + segments[index]!.size)

write('container.json', {
  about: 'One container with two recipients; bytes are hex. The 4096-byte start and the segments make up the file.',
  recipients: [sk, sk2].map((key) => ({ sk: toHex(key), pk: toHex(publicKeyOf(key)), kid: keyId(publicKeyOf(key)) })),
  files: Object.entries(files).map(([path, content]) => ({ path, content: toHex(content) })),
  cek: toHex(draw('cek')),
  manifest: new TextDecoder().decode(encodeManifest(manifestOf(header))),
  modelH: header.modelH,
  boundHash: toHex(boundHash(header)),
  header,
  frame: toHex(encodeFrame(header)),
  segments: segments.map((place) => ({
    nonce: toHex(segmentNonce(fromBase64url(header.noncePrefix), place.index, place.index === layout.segments - 1)),
    leaf: toHex(leafHash(plaintext.subarray(place.plainOffset, place.plainOffset + place.plainSize))),
    sealed: toHex(slice(bytes, place.index)),
  })),
})

/** Seals segment 1 in a way that no honest sealer does. */
async function forged(how: { aad?: Uint8Array<ArrayBuffer>; last?: boolean; key?: Uint8Array }): Promise<Uint8Array> {
  const bound = boundHash(header)
  const info = concatBytes(utf8('dcmw seg'), bound)
  const key = Uint8Array.from(hkdf(sha256, how.key ?? draw('cek'), fromBase64url(header.salt), info, 32))
  const nonce = segmentNonce(fromBase64url(header.noncePrefix), 1, how.last ?? false)
  const into = new Uint8Array(SEG + 16)
  await nobleCrypto.encrypt(key, nonce, how.aad ?? bound, Uint8Array.from(plaintext.subarray(SEG, 2 * SEG)), into)
  return into
}

const at = (index: number, by: Uint8Array) => [{ at: segments[index]!.offset, bytes: toHex(by) }]
const start = (changed: ContainerHeader) => {
  const padded = new Uint8Array(layout.dataOffset)
  padded.set(encodeFrame(changed))
  return [{ at: 0, bytes: toHex(padded).replace(/(00)+$/, ''), zeroUntil: padded.length }]
}
const flip = (offset: number) => [{ at: offset, bytes: toHex(Uint8Array.of(bytes[offset]! ^ 1)) }]
const other = await seal('B')
const tampered = (segment: number) => ({ code: 'container_segment_tampered', segment, maxPlaintext: segment * SEG })
const refused = (code: string) => ({ code, maxPlaintext: 0 })
const wrongKid = header.wraps.map((wrap, i) => ({ ...wrap, kid: header.wraps[1 - i]!.kid }))
const otherCek = [await wrapKey(header, draw('other cek'), publicKeyOf(sk), draw('ekm other'))]
const last = layout.segments - 1

write('negative.json', {
  about:
    'Changes to the container of container.json: patches (`bytes` at `at`, then zeros until `zeroUntil`), then truncation to `size`, then `append`. Opened with the first recipient, or `sk`. At most maxPlaintext bytes may leave before the refusal.',
  cases: [
    { name: 'not a container', patches: [{ at: 0, bytes: toHex(utf8('GGUF')) }], ...refused('container_not_dcmw') },
    { name: 'format version 2', patches: [{ at: 4, bytes: '02' }], ...refused('container_version_unsupported') },
    {
      name: 'another suite',
      patches: start({ ...header, suite: 'AES256-GCM-STREAM-9M' }),
      ...refused('container_suite_unsupported'),
    },
    { name: 'a bit of the padding flipped', patches: flip(4095), ...refused('container_malformed') },
    {
      name: 'another license',
      patches: start({ ...header, meta: { ...header.meta, license: 'CC1-1.0' } }),
      ...tampered(0),
    },
    {
      name: 'another contract',
      patches: start({ ...header, meta: { ...header.meta, contract: 'thief.near' } }),
      ...refused('container_header_tampered'),
    },
    ...[0, 1, last].map((i) => ({
      name: `a bit of segment ${i} flipped`,
      patches: flip(segments[i]!.offset + 3),
      ...tampered(i),
    })),
    { name: 'a bit of the last tag flipped', patches: flip(bytes.length - 1), ...tampered(last) },
    {
      name: 'segments 0 and 1 swapped',
      patches: [...at(0, slice(bytes, 1)), ...at(1, slice(bytes, 0))],
      ...tampered(0),
    },
    { name: 'truncated at a boundary', patches: [], size: segments[last]!.offset, ...refused('container_truncated') },
    { name: 'truncated within the header', patches: [], size: 100, ...refused('container_truncated') },
    { name: 'one byte appended', patches: [], append: '00', ...refused('container_trailing_bytes') },
    {
      name: 'a segment appended',
      patches: [],
      append: toHex(slice(bytes, 0)),
      ...refused('container_trailing_bytes'),
    },
    { name: 'segment 1 sealed as the last', patches: at(1, await forged({ last: true })), ...tampered(1) },
    {
      name: 'segment 1 sealed with no associated data',
      patches: at(1, await forged({ aad: new Uint8Array() })),
      ...tampered(1),
    },
    {
      name: 'segment 1 sealed with the header hash of another container',
      patches: at(1, await forged({ aad: boundHash(other.header) })),
      ...tampered(1),
    },
    {
      name: 'segment 1 of another container under the same content key',
      patches: at(1, slice(other.bytes, 1)),
      ...tampered(1),
    },
    {
      name: 'key ids of two wraps exchanged',
      patches: start({ ...header, wraps: wrongKid }),
      ...refused('container_header_tampered'),
    },
    {
      name: 'a key that nothing is wrapped for',
      patches: [],
      sk: toHex(draw('sk 3')),
      ...refused('container_wrong_key'),
    },
    {
      name: 'a wrap of another content key',
      patches: start({ ...header, wraps: otherCek }),
      ...refused('container_header_tampered'),
    },
    {
      name: 'wraps of another container under the same content key',
      patches: start({ ...header, wraps: other.header.wraps, salt: other.header.salt }),
      ...refused('container_header_tampered'),
    },
  ],
})

const leaves = Array.from({ length: 9 }, (_, i) => leafHash(Uint8Array.of(i)))
write('merkle.json', {
  about: 'RFC 6962 trees over the leaves SHA-256(0x00 || i), i from 0, one byte each; all hex.',
  trees: leaves.map((_, i) => {
    const tree = leaves.slice(0, i + 1)
    return { root: toHex(merkleRoot(tree)), proofs: tree.map((_, leaf) => inclusionProof(tree, leaf).map(toHex)) }
  }),
  leaves: leaves.map(toHex),
})
