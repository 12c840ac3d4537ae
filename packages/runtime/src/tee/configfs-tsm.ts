import { randomUUID } from 'node:crypto'
import { mkdir, readFile, rmdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { TdxEvidence, TeeBackend } from '@dcml/attestation'
import { DcmlError } from '@dcml/protocol'
import type { CollateralSource } from './collateral.ts'

/** The file operations this backend needs, so that a test can stand in for the kernel. */
export interface ReportFs {
  mkdir(path: string): Promise<unknown>
  rmdir(path: string): Promise<void>
  readFile(path: string): Promise<Uint8Array>
  writeFile(path: string, data: Uint8Array): Promise<void>
}

const REPORTS = '/sys/kernel/config/tsm/report'
const ATTEMPTS = 5
/** What the kernel answers while the quoting service is busy or was interrupted. */
const BUSY = new Set(['EBUSY', 'EAGAIN', 'EINTR', 'ETIMEDOUT'])

/**
 * Linux's interface to the TEE, `/sys/kernel/config/tsm/report` (kernel 6.7 and later; its
 * `Documentation/ABI/testing/configfs-tsm-report`). The process needs the right to make folders there.
 *
 * `eventLog` is the file in which the boot code logs what it extended into the RTMRs, in the format of `parseEventLog` of
 * `@dcml/attestation`; the kernel keeps none for RTMR3, and verifiers refuse evidence without it.
 *
 * It has no sealing key: plain TDX derives no secret from its measurements, and what lies on the disk of a TD is the
 * host's. A paid workload runs under dstack.
 */
export function configfsTsm(options: {
  collateral: CollateralSource
  eventLog: string
  folder?: string
  fs?: ReportFs
}): TeeBackend<TdxEvidence> {
  const folder = options.folder ?? REPORTS
  const fs = options.fs ?? { mkdir, rmdir, readFile, writeFile }
  return {
    name: 'configfs-tsm',
    environment: 'production',
    async quote(reportData, { signal } = {}) {
      if (reportData.length !== 64) throw badReportData(reportData.length)
      for (let attempt = 1; ; attempt++) {
        signal?.throwIfAborted()
        try {
          const quote = await report(fs, join(folder, `dcml-${randomUUID()}`), reportData)
          const eventLog = await fs.readFile(options.eventLog).catch(noEventLog(options.eventLog))
          return { tee: 'tdx', quote, collateral: await options.collateral(quote), eventLog: Uint8Array.from(eventLog) }
        } catch (error) {
          if (DcmlError.isInstance(error)) throw error
          if (!isBusy(error) || attempt === ATTEMPTS) throw failed(error)
          await sleep(50 * 2 ** attempt, undefined, { signal })
        }
      }
    },
  }
}

/** One report in a folder of its own; the generation counter tells whether anybody else wrote to it. */
async function report(fs: ReportFs, entry: string, reportData: Uint8Array): Promise<Uint8Array> {
  await fs.mkdir(entry)
  try {
    const provider = text(await fs.readFile(join(entry, 'provider')))
    if (provider !== 'tdx_guest') throw wrongTee(provider)
    const before = await generation(fs, entry)
    await fs.writeFile(join(entry, 'inblob'), reportData)
    const quote = Uint8Array.from(await fs.readFile(join(entry, 'outblob')))
    if ((await generation(fs, entry)) !== before + 1) throw Object.assign(new Error(), { code: 'EBUSY' })
    if (quote.length === 0) throw failed(new Error('empty outblob'))
    return quote
  } finally {
    // a folder left behind is a report the kernel keeps
    await fs.rmdir(entry)
  }
}

const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes).trim()

const generation = async (fs: ReportFs, entry: string): Promise<number> =>
  Number(text(await fs.readFile(join(entry, 'generation'))))

const codeOf = (error: unknown): string => (error as NodeJS.ErrnoException | undefined)?.code ?? ''

const isBusy = (error: unknown): boolean => BUSY.has(codeOf(error))

const badReportData = (length: number): DcmlError =>
  new DcmlError('tee_report_data', `Report data has ${length} bytes, not 64.`, { hint: 'Pass 64 bytes.' })

const wrongTee = (provider: string): DcmlError =>
  new DcmlError('tee_unsupported', `The TEE of this machine is "${provider}", not TDX.`, {
    hint: 'Run in an Intel TDX guest.',
  })

const noEventLog =
  (path: string) =>
  (cause: unknown): never => {
    throw new DcmlError('tee_event_log_missing', `The event log ${path} cannot be read.`, {
      hint: 'The boot code of the image writes it; name the right file.',
      cause,
    })
  }

const HINTS: Readonly<Record<string, string>> = {
  ENOENT: 'Run in a TDX guest with Linux 6.7 or later, and mount configfs at /sys/kernel/config.',
  EACCES: 'Give this process the right to write to /sys/kernel/config/tsm/report.',
  EPERM: 'Give this process the right to write to /sys/kernel/config/tsm/report.',
  ENXIO: 'Load the kernel module tdx_guest.',
  EFBIG: 'The quote is larger than the kernel takes; ask the maker of the platform for a fitting firmware.',
}

const failed = (cause: unknown): DcmlError =>
  new DcmlError('tee_unavailable', `The kernel gave no TDX quote (${codeOf(cause) || 'no answer'}).`, {
    hint: HINTS[codeOf(cause)] ?? "See that the host's quote generation service runs.",
    retryable: isBusy(cause),
    details: { errno: codeOf(cause) },
    cause,
  })
