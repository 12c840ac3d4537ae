import { type FileHandle, open } from 'node:fs/promises'
import { DcmlError, toHex } from '@dcml/protocol'
import { canonicalJson } from '../canonical.ts'
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
 * Opens what an interrupted call left.
 * @returns undefined when there is nothing that could be used
 * @throws DcmlError `seal_resume_mismatch`, `container_wrong_key`, `container_header_tampered`
 */
export async function findDraft(
  out: string,
  sk: Uint8Array,
  job: SealJob,
  work: WorkOptions,
): Promise<Draft | undefined> {
  const file = await open(partialPath(out), 'r+').catch((error) => {
    if (error.code === 'ENOENT') return undefined
    throw error
  })
  if (file === undefined) return undefined
  try {
    const header = await readHeader(file).catch((error) => {
      if (DcmlError.isInstance(error)) return undefined // interrupted before the header was on disk
      throw error
    })
    if (header === undefined) {
      await file.close()
      return undefined
    }
    checkSameJob(header, job)
    const leaves = (await readTable(file, header)) ?? (await hashAgain(header, job, work))
    return { file, header, leaves, cek: await unwrapKey(header, sk), resumed: true }
  } catch (error) {
    await file.close()
    throw error
  }
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
    hint: 'Repeat the interrupted call with the same arguments, or seal again without resume.',
  })
