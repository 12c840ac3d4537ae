import { concatBytes, DcmlError, fromBase64url, toHex, utf8 } from '@dcml/protocol'
import { sha256 } from '@noble/hashes/sha2.js'
import * as v from 'valibot'
import { canonicalJson } from './canonical.ts'
import { LEAF_SIZE, modelHOf, type WeightsManifest } from './manifest.ts'
import { checkPaths, comparePaths } from './paths.ts'

/** AES-256-GCM in the STREAM construction, segments of at most 4 MiB. */
export const SUITE = 'AES256-GCM-STREAM-4M'
/** Smallest segment; sizes are powers of two from here to {@link LEAF_SIZE}. */
export const MIN_SEGMENT_SIZE = 1024

const MAGIC = utf8('DCMW')
const VERSION = 1
/** Bytes before the JSON: magic, version, u32 length (big endian). */
export const PREAMBLE_SIZE = 9
const MAX_JSON_SIZE = 16 * 1024 * 1024

const hex32 = v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/))
const base64url = (length: number) =>
  v.pipe(
    v.string(),
    v.check((text) => decodesTo(text, length), 'not base64url'),
  )
const size = v.pipe(v.number(), v.safeInteger(), v.minValue(0))
const label = v.pipe(v.string(), v.maxLength(4096))

const metaSchema = v.strictObject({
  /** Architecture, such as `llama`. */
  arch: v.optional(label),
  /** Who or what trained the model. */
  trainer: v.optional(label),
  /** Hash of the training data (paper §5), hex. */
  rawH: v.optional(hex32),
  /** SPDX expression. */
  license: v.optional(label),
  /** Account of the model's NEAR contract; bound into every key wrap. */
  contract: v.optional(v.pipe(v.string(), v.maxLength(64))),
})

const headerSchema = v.strictObject({
  suite: v.string(),
  segSize: v.pipe(
    v.number(),
    v.check(
      (n) => n >= MIN_SEGMENT_SIZE && n <= LEAF_SIZE && Number.isInteger(Math.log2(n)),
      'not an allowed power of two',
    ),
  ),
  plainSize: size,
  salt: base64url(32),
  noncePrefix: base64url(7),
  modelH: hex32,
  leafRoot: hex32,
  files: v.pipe(v.array(v.strictObject({ path: v.string(), offset: size, size, sha256: hex32 })), v.minLength(1)),
  commit: base64url(32),
  meta: metaSchema,
  wraps: v.pipe(
    v.array(
      v.strictObject({
        kid: v.pipe(v.string(), v.regex(/^[0-9a-f]{32}$/)),
        enc: base64url(32),
        ct: base64url(48),
      }),
    ),
    v.minLength(1),
  ),
})

/** What is said about a model beside its bytes; authenticated, not secret. */
export type ModelMeta = v.InferOutput<typeof metaSchema>

/** @throws DcmlError `model_meta_invalid` */
export function checkMeta(meta: ModelMeta): ModelMeta {
  const parsed = v.safeParse(metaSchema, meta)
  if (parsed.success) return parsed.output
  const where = v.getDotPath(parsed.issues[0]) ?? 'meta'
  throw new DcmlError('model_meta_invalid', `The metadata cannot be used: ${where}: ${parsed.issues[0].message}.`, {
    hint: 'Known fields are arch, trainer, rawH, license and contract, all text.',
    details: { field: where },
  })
}

/**
 * The readable part of a container. Digests are hex; salt, prefix, commit and wraps base64url. Everything but
 * `wraps` is bound to every segment.
 */
export type ContainerHeader = v.InferOutput<typeof headerSchema>
export type KeyWrap = ContainerHeader['wraps'][number]

/** Header without wraps: what is bound as key derivation info and as associated data of every segment. */
export type BoundHeader = Omit<ContainerHeader, 'wraps'>

/** SHA-256("DCMW" 0x01 || canonical JSON of the header without wraps). */
export function boundHash(header: BoundHeader): Uint8Array<ArrayBuffer> {
  const bound: BoundHeader & { wraps?: unknown } = { ...header }
  delete bound.wraps
  return Uint8Array.from(sha256(concatBytes(MAGIC, Uint8Array.of(VERSION), utf8(canonicalJson(bound as never)))))
}

/** The manifest that a header claims; modelH is its hash. */
export const manifestOf = (header: Pick<BoundHeader, 'files' | 'segSize' | 'leafRoot'>): WeightsManifest => ({
  version: 1,
  files: header.files.map(({ path, size, sha256 }) => ({ path, size, sha256 })),
  leafSize: header.segSize,
  root: header.leafRoot,
})

/** Header frame: magic, version, length, canonical JSON. Padding with zeros to 4096 follows it in a container. */
export function encodeFrame(header: ContainerHeader): Uint8Array<ArrayBuffer> {
  const json = utf8(canonicalJson(header as never))
  const length = new Uint8Array(4)
  new DataView(length.buffer).setUint32(0, json.length)
  return concatBytes(MAGIC, Uint8Array.of(VERSION), length, json)
}

/**
 * Reads the preamble of a container.
 * @returns size of the whole header frame in bytes
 * @throws DcmlError `container_not_dcmw`, `container_version_unsupported`, `container_truncated`, `container_malformed`
 */
export function frameSize(start: Uint8Array): number {
  if (MAGIC.some((byte, i) => start[i] !== byte)) throw notDcmw()
  if (start.length < PREAMBLE_SIZE) throw truncated(PREAMBLE_SIZE, start.length)
  if (start[4] !== VERSION)
    throw new DcmlError('container_version_unsupported', `The container has format version ${start[4]}.`, {
      hint: 'Update @dcml/weights.',
      details: { version: start[4]! },
    })
  const length = new DataView(start.buffer, start.byteOffset).getUint32(5)
  if (length > MAX_JSON_SIZE) throw malformed('the header is longer than 16 MiB')
  return PREAMBLE_SIZE + length
}

/**
 * Reads and checks a header frame: version, suite, shape, canonical form, paths, sizes, and that modelH is the hash
 * of the manifest inside. Keys and content are not checked here.
 * @param bytes the frame, and anything after it
 * @throws DcmlError as {@link frameSize}, and `container_suite_unsupported`, `model_path_refused`
 */
export function parseFrame(bytes: Uint8Array): ContainerHeader {
  const end = frameSize(bytes)
  if (bytes.length < end) throw truncated(end, bytes.length)
  const json = bytes.subarray(PREAMBLE_SIZE, end)
  let value: unknown
  let text: string
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(json)
    value = JSON.parse(text)
  } catch (cause) {
    throw malformed('the header is not JSON', cause)
  }
  const suite = (value as { suite?: unknown } | null)?.suite
  if (typeof suite === 'string' && suite !== SUITE)
    throw new DcmlError('container_suite_unsupported', `The container uses the suite ${JSON.stringify(suite)}.`, {
      hint: 'Update @dcml/weights.',
      details: { suite },
    })
  const parsed = v.safeParse(headerSchema, value)
  if (!parsed.success) throw malformed(`${v.getDotPath(parsed.issues[0]) ?? 'the header'}: ${parsed.issues[0].message}`)
  const header = parsed.output
  if (suite !== SUITE || canonicalJson(header as never) !== text) throw malformed('the header is not canonical JSON')
  checkContent(header)
  return header
}

function decodesTo(text: string, length: number): boolean {
  try {
    return fromBase64url(text).length === length
  } catch {
    return false
  }
}

function checkContent(header: ContainerHeader): void {
  checkPaths(header.files.map((file) => file.path))
  let offset = 0
  for (const [i, file] of header.files.entries()) {
    if (file.offset !== offset) throw malformed('files do not follow each other')
    if (i > 0 && comparePaths(header.files[i - 1]!.path, file.path) >= 0) throw malformed('files are not sorted')
    offset += file.size
  }
  if (offset !== header.plainSize) throw malformed('sizes do not add up')
  if (offset > header.segSize * 2 ** 32) throw malformed('there are more than 2^32 segments')
  if (new Set(header.wraps.map((wrap) => wrap.kid)).size < header.wraps.length) throw malformed('a key is there twice')
  if (toHex(modelHOf(manifestOf(header))) !== header.modelH) throw malformed('modelH is not the hash of the manifest')
}

export const notDcmw = (): DcmlError =>
  new DcmlError('container_not_dcmw', 'The file is not a DCMW container.', {
    hint: 'Seal a model with `dcml model seal`, or check that the right file was given.',
  })

export const malformed = (why: string, cause?: unknown): DcmlError =>
  new DcmlError('container_malformed', `The container is damaged: ${why}.`, {
    hint: 'Fetch the container again, or seal it again.',
    cause,
  })

export const truncated = (expected: number, actual: number): DcmlError =>
  new DcmlError('container_truncated', `The container has ${actual} of ${expected} bytes.`, {
    hint: 'Fetch the rest of the container, or go on sealing with resume.',
    details: { expected, actual },
  })
