import { constants, type FileHandle, open } from 'node:fs/promises'
import { DcmlError, equalBytes, fromBase64url, toHex } from '@dcml/protocol'
import { canonicalJson } from '../canonical.ts'
import { deriveContentKey } from '../compose.ts'
import { type ContainerHeader, manifestOf } from '../header.ts'
import { keyId } from '../keys.ts'
import { layoutOf } from '../layout.ts'
import { merkleRoot } from '../merkle.ts'
import { unwrapKey } from '../wrap.ts'
import { readHeader } from './container.ts'
import { hashFiles } from './hash.ts'
import { readFully, type WorkOptions } from './io.ts'
import type { SealJob } from './seal.ts'

const HASH_SIZE = 32

/**
 * A container that is being sealed: final header, then segments in any state, then, behind the end, the table of leaf
 * hashes that a resumed call compares the source with. The last step cuts the table off. There is no record of
 * which segments are done: their tags tell.
 */
export interface Draft {
  file: FileHandle
  header: ContainerHeader
  leaves: readonly Uint8Array[]
  /** Content key; zeroed by whoever holds the draft. */
  cek: Uint8Array<ArrayBuffer>
  /** True when segments may be there already. */
  resumed: boolean
}

export const partialPath = (out: string): string => `${out}.partial`

/**
 * Opens what an interrupted call left. Whoever can write beside the container can put a draft there, and a key wrap does
 * not tell who made it (HPKE base mode, RFC 9180 §9.1.1). So a draft is believed only when its content key is the one
 * that `sk` gives for its salt, model, metadata and recipients: those of another draft of the same key do not pass, and
 * the same draft put back seals the same bytes to the same recipients. Links are not followed, as the draft is written.
 * @returns undefined when there is nothing that could be used, or nothing that this key started
 * @throws DcmlError `seal_resume_mismatch`
 */
export async function findDraft(
  out: string,
  sk: Uint8Array,
  job: SealJob,
  work: WorkOptions,
): Promise<Draft | undefined> {
  const file = await openDraft(partialPath(out))
  if (file === undefined) return undefined
  let draft: Draft | undefined
  let cek: Uint8Array<ArrayBuffer> | undefined
  try {
    const header = (await file.stat()).isFile() ? await readHeader(file).catch(refused) : undefined
    cek = header && (await ownContentKey(header, sk))
    if (header === undefined || cek === undefined) return undefined
    checkSameJob(header, job)
    const leaves = (await readTable(file, header)) ?? (await hashAgain(header, job, work))
    draft = { file, header, leaves, cek, resumed: true }
    return draft
  } finally {
    if (draft === undefined) {
      cek?.fill(0)
      await file.close()
    }
  }
}

/** There is none, or what is there is not a file: a link, a socket, a folder. */
const NO_DRAFT = new Set(['ENOENT', 'ELOOP', 'ENXIO', 'EISDIR'])

const openDraft = (path: string): Promise<FileHandle | undefined> =>
  open(path, constants.O_RDWR | constants.O_NOFOLLOW | constants.O_NONBLOCK).catch((error) => {
    if (NO_DRAFT.has(error.code)) return undefined
    throw error
  })

/** Interrupted before the header was on disk, or never a draft. */
function refused(error: unknown): undefined {
  if (!DcmlError.isInstance(error)) throw error
}

async function ownContentKey(header: ContainerHeader, sk: Uint8Array): Promise<Uint8Array<ArrayBuffer> | undefined> {
  const kids = header.wraps.map(({ kid }) => kid)
  const own = deriveContentKey(sk, fromBase64url(header.salt), { ...header, kids })
  const wrapped = await unwrapKey(header, sk).catch(refused)
  if (wrapped !== undefined && equalBytes(wrapped, own)) return own
  own.fill(0)
  wrapped?.fill(0)
  return undefined
}

function checkSameJob(header: ContainerHeader, { files, meta, recipients, leafSize }: SealJob): void {
  const filesOf = (list: readonly { path: string; size: number }[]) => list.map(({ path, size }) => ({ path, size }))
  const describe = (what: object): string => canonicalJson(what as never)
  const kids = header.wraps.map((wrap) => wrap.kid).sort()
  if (describe(filesOf(header.files)) !== describe(filesOf(files))) throw mismatch('other files or sizes')
  if (describe(header.meta) !== describe(meta)) throw mismatch('other metadata')
  if (describe(kids) !== describe(recipients.map(keyId).sort())) throw mismatch('other recipients')
  if (header.segSize !== leafSize) throw mismatch('another segment size')
}

async function readTable(file: FileHandle, header: ContainerHeader): Promise<Uint8Array[] | undefined> {
  const { segments, fileSize } = layoutOf(header)
  const table = new Uint8Array(segments * HASH_SIZE)
  if ((await readFully(file, table, fileSize)) < table.length) return undefined
  const leaves = Array.from({ length: segments }, (_, i) => table.subarray(i * HASH_SIZE, (i + 1) * HASH_SIZE))
  return toHex(merkleRoot(leaves)) === header.leafRoot ? leaves : undefined
}

async function hashAgain(header: ContainerHeader, job: SealJob, work: WorkOptions): Promise<Uint8Array[]> {
  const { manifest, leaves } = await hashFiles(job.files, job.leafSize, work)
  if (canonicalJson(manifest as never) !== canonicalJson(manifestOf(header) as never)) throw mismatch('another content')
  return leaves
}

const mismatch = (what: string): DcmlError =>
  new DcmlError('seal_resume_mismatch', `The interrupted container was started with ${what}.`, {
    hint: 'Repeat the interrupted call with the same arguments, or remove the `.partial` file to start anew.',
  })
