import { type FileHandle, rename } from 'node:fs/promises'
import { dirname } from 'node:path'
import { DcmlError, equalBytes, fromHex, toHex } from '@dcml/protocol'
import { composeHeader, deriveContentKey, drawSecrets, type SealSecrets } from '../compose.ts'
import { TAG_SIZE } from '../crypto.ts'
import { type ContainerHeader, checkMeta, encodeFrame, type ModelMeta, manifestOf } from '../header.ts'
import { keyId, publicKeyOf } from '../keys.ts'
import { layoutOf } from '../layout.ts'
import { LEAF_SIZE, type WeightsManifest } from '../manifest.ts'
import { SegmentCipher } from '../segments.ts'
import { dropPendingHeader } from './container.ts'
import { nodeCrypto } from './crypto.ts'
import { hashFiles } from './hash.ts'
import { createHasher, leafBuffer } from './hasher.ts'
import { createNew, readAhead, readFully, rethrowMissing, syncFolder, type WorkOptions, writeFully } from './io.ts'
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
   * there and whole are kept, lost and missing ones are sealed. Give it on the first call too: the content key is then
   * derived from the secret key `sk` of one recipient, which is how a later call knows its own draft. Any other draft is
   * replaced.
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
 * A nonce is never used for two plaintexts under one key, whatever happens: crashes, changing files and drafts that
 * someone else wrote included. The segment key is derived from the hash of the header, and the header holds the Merkle
 * root; a segment is encrypted only from a private buffer whose leaf hash was just compared with leaves that give that
 * root, on resuming too. So key and index together determine the plaintext, and sealing a segment again, also in another
 * process after a crash, gives the same bytes again. Nobody but a holder of `resume.sk` chooses the content key: without
 * it the key is random, with it derived, and a draft with any other key is not gone on with.
 * @throws DcmlError `model_not_found`, `model_empty`, `model_path_refused`, `model_source_changed`,
 * `model_meta_invalid`, `model_key_malformed`, `seal_recipients_invalid`, `seal_resume_mismatch`,
 * `container_wrong_key` (resume), `no_space`
 */
export const sealModel = (options: SealOptions): Promise<SealedModel> => sealWith(options, {})

export async function sealWith(options: SealOptions, internals: SealInternals): Promise<SealedModel> {
  const { source, out, recipients, meta, contract, resume, ...work } = options
  checkRecipients(recipients, resume?.sk)
  const checkedMeta = checkMeta({ ...meta, ...(contract !== undefined && { contract }) })
  const files = await listFiles(source)
  const leafSize = internals.leafSize ?? LEAF_SIZE
  const wanted = { files, meta: checkedMeta, recipients, leafSize }
  const draft =
    (resume && (await findDraft(out, resume.sk, wanted, work))) ??
    (await startDraft(out, resume?.sk, wanted, internals, work))
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

async function startDraft(
  out: string,
  sk: Uint8Array | undefined,
  { files, meta, recipients, leafSize }: SealJob,
  internals: SealInternals,
  work: WorkOptions,
): Promise<Draft> {
  const { manifest, modelH, leaves } = await hashFiles(files, leafSize, work)
  const secrets = { ...(internals.secrets ?? drawSecrets()) }
  if (sk !== undefined) {
    const job = { modelH: toHex(modelH), meta, kids: recipients.map(keyId) }
    secrets.cek = deriveContentKey(sk, secrets.salt, job)
  }
  let file: FileHandle | undefined
  try {
    const header = await composeHeader(manifest, meta, recipients, secrets, internals.ekms)
    const layout = layoutOf(header)
    file = await createNew(partialPath(out)).catch(rethrowMissing('seal_target_not_found', dirname(out)))
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
  const hasher = createHasher(header.plainSize)
  // beside what is read ahead, one is sealed and one is still being written
  const slots = Array.from(
    { length: READ_AHEAD + 2 },
    (): Slot => ({ leaf: leafBuffer(largest), sealed: new Uint8Array(largest + TAG_SIZE), kept: false }),
  )
  const read = async (index: number, slot: Slot): Promise<void> => {
    const place = layout.segment(index)
    const leaf = slot.leaf.subarray(0, 1 + place.plainSize)
    const isRight = async (): Promise<boolean> => equalBytes(await hasher.sha256(leaf), leaves[index]!)
    // another recipient could have sealed something else into the draft
    slot.kept = resumed && (await isWhole(file, cipher, place, slot)) && (await isRight())
    if (slot.kept) return
    await reader.fill(leaf.subarray(1), place.plainOffset)
    if (!(await isRight())) throw sourceChanged()
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

function checkRecipients(recipients: readonly Uint8Array[], sk: Uint8Array | undefined): void {
  const kids = new Set(recipients.map(keyId))
  if (kids.size === 0 || kids.size < recipients.length)
    throw new DcmlError('seal_recipients_invalid', 'A container needs at least one recipient, and each once.', {
      hint: 'Give the public keys of those who may open the model.',
    })
  if (sk !== undefined && !kids.has(keyId(publicKeyOf(sk))))
    throw new DcmlError('container_wrong_key', 'The key to resume with is not the key of a recipient.', {
      hint: 'Give the secret key that belongs to one of the recipients.',
    })
}
