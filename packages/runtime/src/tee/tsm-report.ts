// Linux's interface to the TEE, `/sys/kernel/config/tsm/report` (kernel 6.7 and later; its
// `Documentation/ABI/testing/configfs-tsm-report`).
import { randomUUID } from 'node:crypto'
import { mkdir, readFile, rmdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { DcmlError, utf8 } from '@dcml/protocol'

/** The file operations this backend needs, so that a test can stand in for the kernel. */
export interface ReportFs {
  mkdir(path: string): Promise<unknown>
  rmdir(path: string): Promise<void>
  readFile(path: string): Promise<Uint8Array>
  writeFile(path: string, data: Uint8Array): Promise<void>
}

export const nodeFs: ReportFs = { mkdir, rmdir, readFile, writeFile }
export const REPORTS = '/sys/kernel/config/tsm/report'

/** What the kernel gives for one report. */
export interface TsmReport {
  /** The kind of TEE: `tdx_guest`, `sev_guest`. */
  readonly provider: string
  readonly outblob: Uint8Array
  /** What the host laid beside it; empty where there is nothing. */
  readonly auxblob: Uint8Array
}

export interface TsmOptions {
  readonly fs: ReportFs
  readonly folder: string
  /** VMPL to ask for, on SEV-SNP. Default: that of the kernel. */
  readonly privilegeLevel?: number | undefined
  readonly signal?: AbortSignal | undefined
}

const ATTEMPTS = 5
/** What the kernel answers while the quoting service is busy or was interrupted. */
const BUSY = new Set(['EBUSY', 'EAGAIN', 'EINTR', 'ETIMEDOUT'])

/** @throws DcmlError `tee_unavailable`, or the reason of `signal` */
export async function tsmReport(reportData: Uint8Array, options: TsmOptions): Promise<TsmReport> {
  for (let attempt = 1; ; attempt++) {
    options.signal?.throwIfAborted()
    try {
      return await oneReport(reportData, join(options.folder, `dcml-${randomUUID()}`), options)
    } catch (error) {
      if (!isBusy(error) || attempt === ATTEMPTS) throw failed(error)
      await sleep(50 * 2 ** attempt, undefined, { signal: options.signal })
    }
  }
}

/** One report in a folder of its own; the generation counter tells whether anybody else wrote to it. */
async function oneReport(
  reportData: Uint8Array,
  entry: string,
  { fs, privilegeLevel }: TsmOptions,
): Promise<TsmReport> {
  await fs.mkdir(entry)
  try {
    const read = async (file: string): Promise<Uint8Array> => Uint8Array.from(await fs.readFile(join(entry, file)))
    const provider = text(await read('provider'))
    const before = Number(text(await read('generation')))
    const level = provider === 'sev_guest' ? privilegeLevel : undefined
    if (level !== undefined) await fs.writeFile(join(entry, 'privlevel'), utf8(String(level)))
    await fs.writeFile(join(entry, 'inblob'), reportData)
    const outblob = await read('outblob')
    const auxblob = provider === 'sev_guest' ? await read('auxblob').catch(absent) : new Uint8Array()
    const writes = level === undefined ? 1 : 2
    if (Number(text(await read('generation'))) !== before + writes) throw errno('EBUSY')
    if (outblob.length === 0) throw errno('no data')
    return { provider, outblob, auxblob }
  } finally {
    // a folder left behind is a report the kernel keeps
    await fs.rmdir(entry)
  }
}

/** Kernels show no auxblob where the host has no table. */
function absent(error: unknown): Uint8Array {
  if (codeOf(error) === 'ENOENT' || codeOf(error) === 'ENXIO') return new Uint8Array()
  throw error
}

const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes).trim()
const errno = (code: string): Error => Object.assign(new Error(code), { code })
const codeOf = (error: unknown): string => (error as NodeJS.ErrnoException | undefined)?.code ?? ''
const isBusy = (error: unknown): boolean => BUSY.has(codeOf(error))

const HINTS: Readonly<Record<string, string>> = {
  ENOENT: 'Run in a TDX or SEV-SNP guest with Linux 6.7 or later, and mount configfs at /sys/kernel/config.',
  EACCES: 'Give this process the right to write to /sys/kernel/config/tsm/report.',
  EPERM: 'Give this process the right to write to /sys/kernel/config/tsm/report.',
  ENXIO: 'Load the kernel module tdx_guest or sev-guest.',
  EINVAL: 'Ask for a privilege level (VMPL) that this guest may use: privlevel_floor is the least.',
  EFBIG: 'The report is larger than the kernel takes; ask the maker of the platform for a fitting firmware.',
}

const failed = (cause: unknown): DcmlError =>
  new DcmlError('tee_unavailable', `The kernel gave no report (${codeOf(cause) || 'no answer'}).`, {
    hint: HINTS[codeOf(cause)] ?? "See that the host's quote generation service runs.",
    retryable: isBusy(cause),
    details: { errno: codeOf(cause) },
    cause,
  })
