import { toHex } from '@dcml/protocol'
import type { Platform } from './sgx-extension.ts'

/** Status words of Intel's PCS API v4. */
export type TcbStatus =
  | 'UpToDate'
  | 'SWHardeningNeeded'
  | 'ConfigurationNeeded'
  | 'ConfigurationAndSWHardeningNeeded'
  | 'OutOfDate'
  | 'OutOfDateConfigurationNeeded'
  | 'Revoked'

/** What a verifier concludes of a platform, to be tolerated by a policy. */
export type MergedStatus = TcbStatus | 'TDRelaunchAdvised' | 'TDRelaunchAdvisedConfigurationNeeded'

interface Judgement {
  tcbDate: string
  tcbStatus: TcbStatus
  advisoryIDs?: string[]
}

export interface SvnLevel extends Judgement {
  tcb: { isvsvn: number }
}

export interface PlatformLevel extends Judgement {
  tcb: { sgxtcbcomponents: { svn: number }[]; pcesvn: number; tdxtcbcomponents: { svn: number }[] }
}

interface TdxModule {
  mrsigner: string
  attributes: string
  attributesMask: string
}

/** Intel's TCB info for TDX, version 3 (PCS API v4). Keys in Intel's order: the text is signed as it stands. */
export interface TcbInfo {
  id: string
  version: number
  issueDate: string
  nextUpdate: string
  fmspc: string
  pceId: string
  tcbType: number
  tcbEvaluationDataNumber: number
  tdxModule: TdxModule
  tdxModuleIdentities: (TdxModule & { id: string; tcbLevels: SvnLevel[] })[]
  tcbLevels: PlatformLevel[]
}

/** Intel's identity of the TD quoting enclave, version 2 (PCS API v4). */
export interface QeIdentity {
  id: string
  version: number
  issueDate: string
  nextUpdate: string
  tcbEvaluationDataNumber: number
  miscselect: string
  miscselectMask: string
  attributes: string
  attributesMask: string
  mrsigner: string
  isvprodid: number
  tcbLevels: SvnLevel[]
}

/** How long a statement lives: Intel's 30 days. */
export interface Window {
  issueDate: Date
  nextUpdate: Date
}

/** Far above any floor, so that a release's floor never stops development. */
const evaluationDataNumber = 9999
const stamp = (date: Date): string => date.toISOString().replace('.000', '')
const upper = (bytes: Uint8Array): string => toHex(bytes).toUpperCase()
const components = (...svns: number[]): { svn: number }[] =>
  Array.from({ length: 16 }, (_, i) => ({ svn: svns[i] ?? 0 }))
const intelModule = { mrsigner: '0'.repeat(96), attributes: '0'.repeat(16), attributesMask: 'F'.repeat(16) }

const current = { tcbDate: '2026-08-13T00:00:00Z', tcbStatus: 'UpToDate' as const }
const outdated = { tcbDate: '2025-05-14T00:00:00Z', tcbStatus: 'OutOfDate' as const }

export const tcbInfo = (platform: Platform, window: Window): TcbInfo => ({
  id: 'TDX',
  version: 3,
  issueDate: stamp(window.issueDate),
  nextUpdate: stamp(window.nextUpdate),
  fmspc: upper(platform.fmspc),
  pceId: upper(platform.pceId),
  tcbType: 0,
  tcbEvaluationDataNumber: evaluationDataNumber,
  tdxModule: { ...intelModule },
  tdxModuleIdentities: [
    { id: 'TDX_03', ...intelModule, tcbLevels: [{ tcb: { isvsvn: 3 }, ...current }] },
    {
      id: 'TDX_01',
      ...intelModule,
      tcbLevels: [
        { tcb: { isvsvn: 6 }, ...current },
        { tcb: { isvsvn: 2 }, ...outdated },
      ],
    },
  ],
  tcbLevels: [
    {
      tcb: {
        sgxtcbcomponents: components(3, 3, 2, 2, 4, 1, 0, 5),
        pcesvn: 13,
        tdxtcbcomponents: components(5, 0, 3),
      },
      ...current,
    },
    {
      tcb: {
        sgxtcbcomponents: components(2, 2, 2, 2, 3, 1, 0, 5),
        pcesvn: 5,
        tdxtcbcomponents: components(3, 0, 2),
      },
      ...outdated,
    },
  ],
})

export const qeIdentity = (mrSigner: Uint8Array, window: Window): QeIdentity => ({
  id: 'TD_QE',
  version: 2,
  issueDate: stamp(window.issueDate),
  nextUpdate: stamp(window.nextUpdate),
  tcbEvaluationDataNumber: evaluationDataNumber,
  miscselect: '00000000',
  miscselectMask: 'FFFFFFFF',
  attributes: '11000000000000000000000000000000',
  attributesMask: 'FBFFFFFFFFFFFFFF0000000000000000',
  mrsigner: upper(mrSigner),
  isvprodid: 2,
  tcbLevels: [
    { tcb: { isvsvn: 4 }, ...current },
    { tcb: { isvsvn: 2 }, ...outdated },
  ],
})
