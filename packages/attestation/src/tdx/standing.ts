// Security version numbers as a list of named parts that can be raised one at a time, to see what each would change.
import type { EnclaveLevel, QeIdentity, TcbInfo, TcbLevel, TcbRating } from './collateral.ts'
import type { Platform } from './pck.ts'
import type { TdReport } from './quote.ts'
import { type Remedy, remedy, remedyOf } from './remedy.ts'
import { findModuleIdentity } from './tcb.ts'

/** One security version number, and what each of Intel's levels that rate it asks for. */
export interface Part {
  readonly name: string
  readonly what: string
  readonly have: number
  /** What the platform has now, where the TD was launched under less. */
  readonly present: number
  readonly remedy: Remedy
  /** By level, the best first. */
  readonly needed: readonly number[]
}

/** Parts that are rated together by one list of levels, the best first. */
export interface Group {
  readonly parts: readonly Part[]
  readonly levels: readonly TcbRating[]
}

/** Everything that TCB info and QE identity rate about a platform: SGX, PCE and TDX components, TDX module, quoting enclave. */
export function groupsOf(
  { tcbInfo, qeIdentity }: { tcbInfo: TcbInfo; qeIdentity: QeIdentity },
  platform: Platform,
  report: TdReport,
  qeSvn: number,
): Group[] {
  const { teeTcbSvn, teeTcbSvn2 = teeTcbSvn } = report
  const module = findModuleIdentity(tcbInfo, teeTcbSvn)
  const sameModule = teeTcbSvn[1] === teeTcbSvn2[1]
  const single = (part: Omit<Part, 'needed'>, levels: readonly EnclaveLevel[]): Group => ({
    parts: [{ ...part, needed: levels.map(({ tcb }) => tcb.isvsvn) }],
    levels,
  })
  const moduleSvns = { have: teeTcbSvn[0]!, present: sameModule ? teeTcbSvn2[0]! : teeTcbSvn[0]! }
  const qeSvns = { have: qeSvn, present: qeSvn }
  return [
    {
      parts: platformParts(tcbInfo.tcbLevels, platform, teeTcbSvn, teeTcbSvn2, module ? 2 : 0),
      levels: tcbInfo.tcbLevels,
    },
    ...(module
      ? [
          single(
            { name: 'tdx_module', what: `TDX module ${module.id}`, ...moduleSvns, remedy: remedy('tdx-module') },
            module.tcbLevels,
          ),
        ]
      : []),
    single(
      { name: 'qe', what: 'TD quoting enclave', ...qeSvns, remedy: remedy('quoting-enclave') },
      qeIdentity.tcbLevels,
    ),
  ]
}

function platformParts(
  levels: readonly TcbLevel[],
  { cpuSvn, pceSvn }: Platform,
  launched: Uint8Array,
  present: Uint8Array,
  firstTdx: number,
): Part[] {
  const describe = (kind: 'sgx' | 'tdx', i: number) => {
    const { category, type } = levels[0]?.tcb[`${kind}tcbcomponents`][i] ?? { category: '', type: '' }
    const known = [category, type].filter((text) => text !== '').join(', ')
    const what = `${kind.toUpperCase()} TCB component ${i + 1}${known && ` (${known})`}`
    const needed = levels.map(({ tcb }) => tcb[`${kind}tcbcomponents`][i]!.svn)
    return { name: `${kind}_${i + 1}`, what, remedy: remedyOf({ category, type }), needed }
  }
  const pce = { name: 'pce', what: 'provisioning certification enclave (PCE)', remedy: remedy('pce') }
  return [
    ...cpuSvn.map((have, i) => ({ ...describe('sgx', i), have, present: have })),
    { ...pce, have: pceSvn, present: pceSvn, needed: levels.map(({ tcb }) => tcb.pcesvn) },
    ...Array.from(launched, (have, i) => ({ ...describe('tdx', i), have, present: present[i]! })).slice(firstTdx),
  ]
}

/** The level to strive for: the first that is UpToDate, else the best there is. */
export const wanted = ({ levels }: Group): number =>
  Math.max(
    0,
    levels.findIndex(({ tcbStatus }) => tcbStatus === 'UpToDate'),
  )

/** Index of the first level that all parts reach, were the parts `raised` what the level to strive for asks; -1 below all. */
export const reached = (group: Group, raised: readonly Part[] = []): number =>
  group.levels.findIndex((_, i) =>
    group.parts.every(
      (part) =>
        part.have >= part.needed[i]! || (raised.includes(part) && part.needed[wanted(group)]! >= part.needed[i]!),
    ),
  )

/** Advisories that apply, were these parts raised; below all levels at least those of the last one. */
export const advisoriesOf = (groups: readonly Group[], raised: readonly Part[] = []): string[] => {
  const ratings = groups.map((group) => group.levels.at(reached(group, raised)))
  return [...new Set(ratings.flatMap((rating) => rating?.advisoryIDs ?? []))].sort()
}
