import { type FileHandle, open, rename } from 'node:fs/promises'
import { dirname } from 'node:path'
import { DcmlError, equalBytes, fromHex } from '@dcml/protocol'
import { composeHeader, drawSecrets, type SealSecrets } from '../compose.ts'
import { TAG_SIZE } from '../crypto.ts'
import { type ContainerHeader, checkMeta, encodeFrame, type ModelMeta, manifestOf } from '../header.ts'
import { keyId } from '../keys.ts'
import { layoutOf } from '../layout.ts'
import { LEAF_SIZE, type WeightsManifest } from '../manifest.ts'
import { SegmentCipher } from '../segments.ts'
import { dropPendingHeader } from './container.ts'
import { nodeCrypto } from './crypto.ts'
import { hashFiles } from './hash.ts'
import { createLeafHasher, leafBuffer } from './hasher.ts'
import { readAhead, readFully, rethrowMissing, type WorkOptions, writeFully } from './io.ts'
import { type Draft, findDraft, partialPath } from './resume.ts'
import { listFiles, PlaintextReader, type SourceFile, sourceChanged } from './source.ts'

export interface SealOptions extends WorkOptions {
  /** A model file, or a folder with all its files. */
  source: string
  /** Path of the container. Replaced in one step when the new one is whole; until then `<out>.partial` grows. */
  out: string
  /** X25519 public keys that can open the container, 32 bytes each. */
  recipients: readonly Uint8Array[]
  meta?: Omit<ModelMeta, 'contract'> | undefined
  /** Account of the model's NEAR contract, bound into the key wraps. */
  contract?: string | undefined
  /**
   * Goes on with `<out>.partial` of an interrupted call with the same arguments, if there is one: segments that are
   * there and whole are kept, lost and missing ones are sealed. Needs the secret key of one recipient, because the
   * content key lies on disk only wrapped.
   */
  resume?: { sk: Uint8Array } | undefined
}

export interface SealedModel {
  manifest: WeightsManifest
  modelH: Uint8Array
  header: ContainerHeader
  /** Segments of an interrupted call that did not have to be sealed again. */
  segmentsKept: number
}

/** What tests and vectors set. */
export interface SealInternals {
  leafSize?: number
  secrets?: SealSecrets
  ekms?: readonly Uint8Array<ArrayBuffer>[]
}

/**
 * Seals a model into a `DCMW` container (paper §3). Reads the source twice: the header, which names the content, has
 * to be known before the first segment can be encrypted.
 *
 * A nonce is never used for two plaintexts under one key, whatever happens, crashes and changing files included. The
 * segment key is derived from the hash of the header, and the header holds the Merkle root; a segment is encrypted only
 * from a private buffer whose leaf hash was just compared with that tree. So key and index together determine the
 * plaintext, and sealing a segment again, also in another process after a crash, gives the same bytes again.
 * @throws DcmlError `model_not_found`, `model_empty`, `model_path_refused`, `model_source_changed`,
 * `model_meta_invalid`, `model_key_malformed`, `seal_recipients_invalid`, `seal_resume_mismatch`,
 * `container_wrong_key` (resume), `no_space`
 */
export const sealModel = (options: SealOptions): Promise<SealedModel> => sealWith(options, {})

export async function sealWith(options: SealOptions, internals: SealInternals): Promise<SealedModel> {
  const { source, out, recipients, meta, contract, resume, ...work } = options
  checkRecipients(recipients)
  const checkedMeta = checkMeta({ ...meta, ...(contract !== undefined && { contract }) })
  const files = await listFiles(source)
  const leafSize = internals.leafSize ?? LEAF_SIZE
  const wanted = { files, meta: checkedMeta, recipients, leafSize }
  const draft =
    (resume && (await findDraft(out, resume.sk, wanted, work))) ?? (await startDraft(out, wanted, internals, work))
  const cipher = new SegmentCipher(draft.header, draft.cek, nodeCrypto)
  try {
    const segmentsKept = await sealSegments(draft, cipher, files, work)
    await draft.file.truncate(layoutOf(draft.header).fileSize)
    await draft.file.sync()
    await draft.file.close()
    await rename(partialPath(out), out)
    await dropPendingHeader(out)
    await syncFolder(dirname(out))
    const { header } = draft
    return { header, manifest: manifestOf(header), modelH: fromHex(header.modelH), segmentsKept }
  } finally {
    cipher.destroy()
    draft.cek.fill(0)
    await draft.file.close().catch(() => {})
  }
}

/** What the caller asked for. */
export interface SealJob {
  files: readonly SourceFile[]
  meta: ModelMeta
  recipients: readonly Uint8Array[]
  leafSize: number
}

async function startDraft(out: string, job: SealJob, internals: SealInternals, work: WorkOptions): Promise<Draft> {
  const { manifest, leaves } = await hashFiles(job.files, job.leafSize, work)
  const secrets = internals.secrets ?? drawSecrets()
  let file: FileHandle | undefined
  try {
    const header = await composeHeader(manifest, job.meta, job.recipients, secrets, internals.ekms)
    const layout = layoutOf(header)
    file = await open(partialPath(out), 'w+', 0o600).catch(rethrowMissing('seal_target_not_found', dirname(out)))
    await file.truncate(layout.dataOffset)
    await writeFully(file, encodeFrame(header), 0)
    await writeFully(file, Buffer.concat(leaves), layout.fileSize)
    return { file, header, leaves, cek: secrets.cek, resumed: false }
  } catch (error) {
    secrets.cek.fill(0)
    await file?.close()
    throw error
  }
}

/** So that one segment is hashed on the other thread while another is encrypted on this one. */
const READ_AHEAD = 2

/** Bytes between flushes to disk, which run beside the sealing, so that little is left to wait for at the end. */
const FLUSH_EVERY = 67_108_864

interface Slot {
  leaf: Uint8Array<SharedArrayBuffer>
  sealed: Uint8Array<ArrayBuffer>
  /** The segment is in the file already. */
  kept: boolean
}

async function sealSegments(
  { file, header, leaves, resumed }: Draft,
  cipher: SegmentCipher,
  files: readonly SourceFile[],
  { signal, onProgress }: WorkOptions,
): Promise<number> {
  const layout = layoutOf(header)
  const largest = layout.segment(0).plainSize
  const reader = new PlaintextReader(files)
  const hasher = createLeafHasher(header.plainSize)
  // beside what is read ahead, one is sealed and one is still being written
  const slots = Array.from(
    { length: READ_AHEAD + 2 },
    (): Slot => ({ leaf: leafBuffer(largest), sealed: new Uint8Array(largest + TAG_SIZE), kept: false }),
  )
  const read = async (index: number, slot: Slot): Promise<void> => {
    const { plainOffset, plainSize } = layout.segment(index)
    slot.kept = resumed && (await isWhole(file, cipher, layout.segment(index), slot))
    if (slot.kept) return
    const leaf = slot.leaf.subarray(0, 1 + plainSize)
    await reader.fill(leaf.subarray(1), plainOffset)
    if (!equalBytes(await hasher.sha256(leaf), leaves[index]!)) throw sourceChanged()
  }
  let segmentsKept = 0
  let writing: Promise<void> = Promise.resolve()
  let flushing: Promise<void> = Promise.resolve()
  try {
    for await (const { index, slot } of readAhead(layout.segments, slots, { ahead: READ_AHEAD, behind: 1 }, read)) {
      signal?.throwIfAborted()
      const { offset, size, plainOffset, plainSize } = layout.segment(index)
      const sealed = slot.sealed.subarray(0, size)
      if (!slot.kept) await cipher.seal(index, slot.leaf.subarray(1, 1 + plainSize), sealed)
      await writing
      if (slot.kept) segmentsKept++
      else writing = writeFully(file, sealed, offset)
      writing.catch(() => {})
      if (Math.floor(plainOffset / FLUSH_EVERY) < Math.floor((plainOffset + plainSize) / FLUSH_EVERY)) {
        await flushing
        flushing = file.datasync()
        flushing.catch(() => {})
      }
      onProgress?.({ phase: 'seal', done: plainOffset + plainSize, total: header.plainSize })
    }
    await Promise.all([writing, flushing])
    return segmentsKept
  } finally {
    await Promise.allSettled([writing, flushing])
    await hasher.close()
    await reader.close()
    for (const slot of slots) slot.leaf.fill(0)
  }
}

async function isWhole(
  file: FileHandle,
  cipher: SegmentCipher,
  { index, offset, size, plainSize }: { index: number; offset: number; size: number; plainSize: number },
  { leaf, sealed }: Slot,
): Promise<boolean> {
  if ((await readFully(file, sealed.subarray(0, size), offset)) < size) return false
  return cipher.open(index, sealed.subarray(0, size), leaf.subarray(1, 1 + plainSize)).then(
    () => true,
    () => false,
  )
}

function checkRecipients(recipients: readonly Uint8Array[]): void {
  if (recipients.length > 0 && new Set(recipients.map(keyId)).size === recipients.length) return
  throw new DcmlError('seal_recipients_invalid', 'A container needs at least one recipient, and each once.', {
    hint: 'Give the public keys of those who may open the model.',
  })
}

/** Makes the rename last through a power cut, where the system can do that. */
async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r').catch(() => undefined)
  await folder?.sync().catch(() => {})
  await folder?.close()
}
