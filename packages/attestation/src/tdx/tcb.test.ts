import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { platform as platformPolicy } from '../policy/presets.ts'
import { requireAdvisories, requireStatus } from './accept.ts'
import type { TcbInfo, TcbLevel, TcbRating } from './collateral.ts'
import type { Platform } from './pck.ts'
import type { TdReport } from './quote.ts'
import { isRelaunchAdvised, rateModule } from './relaunch.ts'
import { findEnclaveLevel, findModule, findTcbLevel, mergeRatings } from './tcb.ts'

const svns = (...first: number[]) => Array.from({ length: 16 }, (_, i) => ({ svn: first[i] ?? 0 }))
const day = (date: string) => Date.parse(`${date}T00:00:00Z`)
const rating = (tcbStatus: TcbRating['tcbStatus'], tcbDate = '2024-03-13', advisoryIDs: string[] = []): TcbRating => ({
  tcbStatus,
  tcbDate: day(tcbDate),
  advisoryIDs,
})
const signer = {
  mrsigner: new Uint8Array(48),
  attributes: new Uint8Array(8),
  attributesMask: new Uint8Array(8).fill(255),
}
const tcbInfo = {
  tdxModule: { ...signer, mrsigner: new Uint8Array(48).fill(1) },
  tdxModuleIdentities: [{ id: 'TDX_1A', ...signer, tcbLevels: [] }],
  tcbLevels: [
    { tcb: { sgxtcbcomponents: svns(2, 2), pcesvn: 11, tdxtcbcomponents: svns(5, 0, 2) }, ...rating('UpToDate') },
    { tcb: { sgxtcbcomponents: svns(1, 1), pcesvn: 5, tdxtcbcomponents: svns(3, 0, 1) }, ...rating('OutOfDate') },
  ],
} as unknown as TcbInfo
const platform = (pceSvn: number, ...cpuSvn: number[]) =>
  ({ pceSvn, cpuSvn: Array.from({ length: 16 }, (_, i) => cpuSvn[i] ?? 0) }) as unknown as Platform
const report = (...teeTcbSvn: number[]) =>
  ({
    teeTcbSvn: Uint8Array.from({ length: 16 }, (_, i) => teeTcbSvn[i] ?? 0),
    mrSignerSeam: new Uint8Array(48),
    seamAttributes: new Uint8Array(8),
  }) as unknown as TdReport
const statusOf = (known: Platform, td: TdReport) => findTcbLevel(tcbInfo, known, td).tcbStatus

describe('TCB level', () => {
  test('the first that every SVN reaches', () => {
    expect(statusOf(platform(11, 2, 2), report(5, 0, 2))).toBe('UpToDate')
    expect(statusOf(platform(10, 2, 2), report(5, 0, 2))).toBe('OutOfDate')
    expect(statusOf(platform(11, 2, 1), report(5, 0, 2))).toBe('OutOfDate')
    expect(statusOf(platform(11, 2, 2), report(4, 0, 2))).toBe('OutOfDate')
    expect(statusOf(platform(11, 2, 2), report(5, 0, 1))).toBe('OutOfDate')
    expect(() => statusOf(platform(11, 2, 2), report(5, 0, 0))).toThrow()
    expect(() => statusOf(platform(4, 2, 2), report(5, 0, 2))).toThrow()
  })

  test('a TDX module with a major version is not compared here (index 2 to 15)', () => {
    expect(statusOf(platform(11, 2, 2), report(3, 3, 2))).toBe('UpToDate')
    expect(statusOf(platform(11, 2, 2), report(0, 1, 2))).toBe('UpToDate')
    expect(statusOf(platform(11, 2, 2), report(255, 1, 1))).toBe('OutOfDate')
  })

  test('raising an SVN never lowers the level', () => {
    const svn = fc.array(fc.nat(6), { minLength: 16, maxLength: 16 })
    const levelOf = (...inputs: Parameters<typeof statusOf>) => {
      try {
        return ['UpToDate', 'OutOfDate'].indexOf(statusOf(...inputs))
      } catch {
        return 2
      }
    }
    fc.assert(
      fc.property(svn, svn, fc.nat(12), fc.nat(15), (cpu, tee, pce, at) => {
        const before = levelOf(platform(pce, ...cpu), report(...tee))
        expect(levelOf(platform(pce, ...cpu.with(at, 7)), report(...tee))).toBeLessThanOrEqual(before)
        expect(levelOf(platform(pce, ...cpu), report(...tee.with(at, 7)))).toBeLessThanOrEqual(before)
        expect(levelOf(platform(pce + 1, ...cpu), report(...tee))).toBeLessThanOrEqual(before)
      }),
    )
  })
})

describe('TDX module', () => {
  test('is found by its major version in upper-case hex', () => {
    expect(findModule(tcbInfo, report(4, 0x1a)).tcbLevels).toEqual([])
    expect(() => findModule(tcbInfo, report(4, 3))).toThrow('TDX_03')
  })
  test('without a major version is judged by the platform’s levels and its own signer', () => {
    expect(() => findModule(tcbInfo, report(5, 0))).toThrow('MRSIGNERSEAM')
    const own = { ...report(5, 0), mrSignerSeam: new Uint8Array(48).fill(1) }
    expect(findModule(tcbInfo, own).tcbLevels).toBeUndefined()
  })
  test('of another signer or with other attributes is refused', () => {
    expect(() => findModule(tcbInfo, { ...report(4, 0x1a), mrSignerSeam: new Uint8Array(48).with(47, 1) })).toThrow(
      'MRSIGNERSEAM',
    )
    expect(() => findModule(tcbInfo, { ...report(4, 0x1a), seamAttributes: new Uint8Array(8).with(7, 1) })).toThrow(
      'SEAM',
    )
  })
})

describe('relaunch', () => {
  const identity = (...isvsvns: number[]) => ({
    ...signer,
    id: 'TDX_01',
    tcbLevels: isvsvns.map((isvsvn, i) => ({ tcb: { isvsvn }, ...rating(i === 0 ? 'UpToDate' : 'OutOfDate') })),
  })
  const info = { ...tcbInfo, tdxModuleIdentities: [identity(6, 2)] } as unknown as TcbInfo
  const present = (...svns: number[]) => ({ ...report(5, 1, 2), teeTcbSvn2: report(...svns).teeTcbSvn })
  const statusFor = (
    td: TdReport,
    { known = platform(11, 2, 2), level = rating('UpToDate'), qe = rating('UpToDate'), of = info } = {},
  ) => {
    const ratings = { level: level as TcbLevel, qe, ...rateModule(findModule(of, td), of, td) }
    return mergeRatings([level, qe, ratings.module!], isRelaunchAdvised(ratings, of, known, td)).status
  }

  test('is advised where the module of the launch alone is out of date', () => {
    expect(statusFor(present(6, 1, 2))).toBe('TDRelaunchAdvised')
    expect(statusFor(present(9, 1, 9))).toBe('TDRelaunchAdvised')
    expect(statusFor(present(6, 1, 2), { level: rating('ConfigurationNeeded') })).toBe(
      'TDRelaunchAdvisedConfigurationNeeded',
    )
    expect(statusFor(present(6, 1, 2), { level: rating('OutOfDate') })).toBe('TDRelaunchAdvised')
  })
  test('would not help where the present module is not the latest either, or its loader is not', () => {
    for (const td of [present(5, 1, 2), present(6, 1, 1), report(5, 1, 2)]) expect(statusFor(td)).toBe('OutOfDate')
  })
  test('a present module without a major version is compared with the platform’s latest level', () => {
    expect(statusFor(present(5, 0, 2))).toBe('TDRelaunchAdvised')
    expect(statusFor(present(4, 0, 2))).toBe('OutOfDate')
  })
  test('would not help an outdated platform or quoting enclave', () => {
    expect(statusFor(present(6, 1, 2), { known: platform(10, 2, 2) })).toBe('OutOfDate')
    expect(statusFor(present(6, 1, 2), { qe: rating('OutOfDate') })).toBe('OutOfDate')
    for (const part of ['level', 'qe'])
      expect(statusFor(present(6, 1, 2), { [part]: rating('Revoked') })).toBe('Revoked')
  })
  test('nothing is advised where nothing is out of date', () => {
    const good = { ...info, tdxModuleIdentities: [identity(5)] } as unknown as TcbInfo
    expect(statusFor(present(6, 1, 2), { of: good })).toBe('UpToDate')
  })
  test('a present module that TCB info does not know is refused where that of the launch is out of date', () => {
    expect(() => statusFor(present(6, 2, 2))).toThrow('TDX_02')
    expect(statusFor({ ...present(6, 2, 2), teeTcbSvn: report(6, 1, 2).teeTcbSvn })).toBe('UpToDate')
  })
})

test('an enclave below every level is refused', () => {
  const levels = [8, 4].map((isvsvn) => ({ tcb: { isvsvn }, ...rating(isvsvn === 8 ? 'UpToDate' : 'OutOfDate') }))
  expect(findEnclaveLevel(levels, 8).tcbStatus).toBe('UpToDate')
  expect(findEnclaveLevel(levels, 7).tcbStatus).toBe('OutOfDate')
  expect(() => findEnclaveLevel(levels, 3)).toThrow('below every')
})

describe('policy', () => {
  const tcb = { ...platformPolicy.tcb, graceDays: 10 }

  test('grace runs from the oldest date of what is out of date', () => {
    const merged = mergeRatings([
      rating('OutOfDate', '2024-03-13'),
      rating('OutOfDate', '2024-03-10'),
      rating('UpToDate', '2020-01-01'),
    ])
    expect(merged).toMatchObject({ status: 'OutOfDate', outOfDateSince: day('2024-03-10') })
    expect(() => requireStatus(merged, tcb, day('2024-03-20'))).not.toThrow()
    expect(() => requireStatus(merged, tcb, day('2024-03-20') + 1)).toThrow('OutOfDate')
    expect(() => requireStatus(merged, platformPolicy.tcb, day('2024-03-11'))).toThrow()
    expect(() => requireStatus(merged, tcb, Number.NaN)).toThrow()
  })

  test('grace is for a TD that has to be launched anew too', () => {
    const merged = mergeRatings([rating('OutOfDate')], true)
    expect(merged.status).toBe('TDRelaunchAdvised')
    expect(() => requireStatus(merged, tcb, day('2024-03-23'))).not.toThrow()
    expect(() => requireStatus(merged, tcb, day('2024-03-24'))).toThrow('TDRelaunchAdvised')
  })

  test('grace is for OutOfDate alone', () => {
    for (const status of ['Revoked', 'OutOfDateConfigurationNeeded', 'SWHardeningNeeded'] as const)
      expect(() => requireStatus(mergeRatings([rating(status)]), tcb, day('2024-03-13'))).toThrow(status)
  })

  test('advisories: denied always, needing permission unless UpToDate', () => {
    const id = 'INTEL-SA-00837'
    const of = (status: TcbRating['tcbStatus']) => mergeRatings([rating(status, '2024-03-13', [id, id])])
    expect(of('UpToDate').advisories).toEqual([id])
    expect(() => requireAdvisories(of('UpToDate'), tcb)).not.toThrow()
    expect(() => requireAdvisories(of('UpToDate'), { ...tcb, deniedAdvisories: [id] })).toThrow(id)
    expect(() => requireAdvisories(of('OutOfDate'), tcb)).toThrow(id)
    expect(() => requireAdvisories(of('OutOfDate'), { ...tcb, allowedAdvisories: [id] })).not.toThrow()
  })
})
