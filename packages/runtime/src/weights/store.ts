import { statfsSync } from 'node:fs'
import { tmpdir } from 'node:os'
import type { Check, Environment } from '@dcml/attestation'
import { DcmlError } from '@dcml/protocol'
import type { EngineLog } from '../engine/engine.ts'
import { checkHost, readHostFacts } from './host.ts'
import { AnonymousInode } from './inode.ts'

/** Options of {@link openAnonymousStore}. */
export interface AnonymousStoreOptions {
  readonly environment: Environment
  /** A tmpfs. Default `/dev/shm`, which containers cap at 64 MB unless told otherwise. */
  readonly folder?: string
  readonly log?: EngineLog
}

const DEFAULT_FOLDER = '/dev/shm'

const HINTS: Readonly<Record<string, string>> = {
  host_tmpfs: 'Mount a tmpfs that is large enough for the model, and name it.',
  host_swap: 'Turn swap off in the image (`swapoff -a`).',
  host_core_dumps: 'Set `ulimit -c 0`, and a kernel.core_pattern that pipes to no program.',
}

/** Where plaintext weights live: files without a name, in memory. */
export class AnonymousStore {
  readonly #folder: string
  /** How this machine keeps memory from its disks; none failed where `confidential`. */
  readonly checks: readonly Check[]

  constructor(folder: string, checks: readonly Check[]) {
    this.#folder = folder
    this.checks = checks
  }

  get confidential(): boolean {
    return this.checks.every(({ status }) => status === 'pass')
  }

  /**
   * Makes sure that a model of this size fits, both into the tmpfs and into the machine: a tmpfs may promise more
   * than there is, and the kernel then kills.
   * @throws DcmlError `tmpfs_full`
   */
  requireSpace(bytes: number): void {
    const { bavail, bsize } = statfsSync(this.#folder)
    const available = Math.min(bavail * bsize, process.availableMemory())
    if (bytes > available) throw tmpfsFull({ needed: bytes, available })
  }

  create(): AnonymousInode {
    return new AnonymousInode(this.#folder)
  }
}

/**
 * Opens the store after looking at the machine. Production refuses a machine on which plaintext could reach a disk;
 * development warns, and without a tmpfs falls back to unlinked files in the temporary folder.
 * @throws DcmlError `host_tmpfs`, `host_swap`, `host_core_dumps`, `host_unsupported`
 */
export function openAnonymousStore({
  environment,
  folder = DEFAULT_FOLDER,
  log,
}: AnonymousStoreOptions): AnonymousStore {
  if (process.platform === 'win32') {
    throw new DcmlError('host_unsupported', 'Windows has no files without a name.', { hint: 'Use WSL, or Linux.' })
  }
  const checks = checkHost(readHostFacts(folder))
  const failed = checks.filter(({ status }) => status !== 'pass')
  for (const { name, why } of failed) {
    if (environment === 'production')
      throw new DcmlError(name, `Weights are not safe here: ${why}.`, { hint: HINTS[name]! })
    log?.warn({ check: name, why, hint: HINTS[name] }, 'not confidential: plaintext weights may reach a disk')
  }
  const inMemory = !failed.some(({ name }) => name === 'host_tmpfs')
  return new AnonymousStore(inMemory ? folder : tmpdir(), checks)
}

export const tmpfsFull = (details: Record<string, number>, cause?: unknown): DcmlError =>
  new DcmlError('tmpfs_full', 'The model does not fit into memory.', {
    hint: 'Use a larger machine or tmpfs (`docker run --shm-size`), or a smaller model.',
    details,
    cause,
  })
