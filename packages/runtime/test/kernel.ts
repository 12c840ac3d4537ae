// A stand-in for the kernel's report folder, `/sys/kernel/config/tsm/report`.
import { basename, dirname } from 'node:path'
import { utf8 } from '@dcml/protocol'
import type { ReportFs } from '../src/index.ts'

const errno = (code: string): Error => Object.assign(new Error(code), { code })

export interface FakeKernel {
  readonly fs: ReportFs
  readonly reports: ReadonlyMap<string, object>
  /** Folders that were made. */
  attempts(): number
  /** What was written to `privlevel`. */
  readonly levels: readonly string[]
}

export interface FakeKernelOptions {
  /** The report over 64 bytes of report data. */
  readonly report: (reportData: Uint8Array) => Uint8Array | Promise<Uint8Array>
  readonly provider?: string
  /** The host's certificate table; left out, the file is not there. */
  readonly auxblob?: Uint8Array
  /** Other files, by path. */
  readonly files?: Readonly<Record<string, Uint8Array>>
  readonly fail?: (attempt: number, file: string) => string | undefined
}

/** Attributes exist once a folder is made, and the generation counts writes. */
export function fakeKernel({
  report: make,
  provider = 'tdx_guest',
  auxblob,
  files = {},
  fail,
}: FakeKernelOptions): FakeKernel {
  const reports = new Map<string, { generation: number; inblob?: Uint8Array }>()
  const levels: string[] = []
  let attempts = 0
  const fs: ReportFs = {
    async mkdir(path) {
      attempts++
      if (reports.has(path)) throw errno('EEXIST')
      reports.set(path, { generation: 0 })
    },
    async rmdir(path) {
      if (!reports.delete(path)) throw errno('ENOENT')
    },
    async writeFile(path, bytes) {
      const report = reports.get(dirname(path))!
      const file = basename(path)
      const code = fail?.(attempts, file)
      if (code !== undefined) throw errno(code)
      if (file === 'privlevel') {
        if (provider !== 'sev_guest') throw errno('ENOENT')
        levels.push(new TextDecoder().decode(bytes))
      } else report.inblob = bytes
      report.generation++
    },
    async readFile(path) {
      const own = files[path]
      if (own !== undefined) return own
      const report = reports.get(dirname(path))
      if (report === undefined) throw errno('ENOENT')
      const file = basename(path)
      const code = fail?.(attempts, file)
      if (code === 'CONFLICT') report.generation++
      else if (code !== undefined) throw errno(code)
      if (file === 'provider') return utf8(`${provider}\n`)
      if (file === 'generation') return utf8(`${report.generation}\n`)
      if (file === 'auxblob' && auxblob !== undefined) return auxblob
      if (file === 'outblob') return make(report.inblob!)
      throw errno('ENOENT')
    },
  }
  return { fs, reports, attempts: () => attempts, levels }
}
