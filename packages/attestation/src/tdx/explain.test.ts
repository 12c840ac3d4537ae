import { createSimulator, type QuoteRequest } from '@dcml/tee-simulator'
import { expect, test } from 'vitest'
import { findVector } from '../../../../test/vectors.ts'
import type { TdxCollateral } from '../tee.ts'
import { explainTcb } from './explain.ts'
import { remedyOf } from './remedy.ts'

const now = new Date('2026-11-21T12:00:00Z')
const simulator = await createSimulator({ now })
const mint = (fields: Partial<QuoteRequest> = {}) =>
  simulator.mintQuote({ imageH: new Uint8Array(32), reportData: new Uint8Array(64), ...fields })
const svns = (...first: number[]) => Uint8Array.from({ length: 16 }, (_, i) => first[i] ?? 0)

/** Collateral as if Intel had written something else; its signature does not matter here. */
function rewritten(change: (tcbInfo: Levels, qeIdentity: Levels) => void): TdxCollateral {
  const { tcb_info, qe_identity, ...rest } = simulator.collateral()
  const [tcbInfo, qeIdentity] = [JSON.parse(tcb_info), JSON.parse(qe_identity)]
  change(tcbInfo, qeIdentity)
  return { ...rest, tcb_info: JSON.stringify(tcbInfo), qe_identity: JSON.stringify(qeIdentity) }
}
// biome-ignore lint/suspicious/noExplicitAny: tests bend any member of it
type Levels = Record<string, any>

const explain = (quote: Uint8Array, collateral: TdxCollateral = simulator.collateral(), at = now) =>
  explainTcb({ quote, collateral, now: at })
const named = ({ short }: ReturnType<typeof explain>) => short.map(({ name }) => name)

test('nothing is short where all is up to date', () => {
  expect(explain(mint())).toMatchObject({
    status: 'UpToDate',
    tcbDate: new Date('2026-08-13T00:00:00Z'),
    advisories: [],
    remaining: [],
    short: [],
  })
})

test('each short number is named, with what it is, what it needs and what raises it', () => {
  const collateral = rewritten((tcbInfo) => {
    const [best, worse] = tcbInfo.tcbLevels
    Object.assign(best.tcb.sgxtcbcomponents[0], { svn: 9, category: 'BIOS', type: 'Early Microcode Update' })
    Object.assign(best.tcb.sgxtcbcomponents[3], { svn: 8, category: 'BIOS' })
    best.tcb.pcesvn = 14
    worse.advisoryIDs = ['INTEL-SA-00002', 'INTEL-SA-00001']
  })
  const explained = explain(mint(), collateral)
  expect(explained).toMatchObject({ status: 'OutOfDate', advisories: ['INTEL-SA-00001', 'INTEL-SA-00002'] })
  expect(explained.short).toEqual([
    {
      name: 'sgx_1',
      what: 'SGX TCB component 1 (BIOS, Early Microcode Update)',
      have: 3,
      needed: 9,
      neededNext: 9,
      closes: [],
      remedy: { kind: 'bios', text: expect.stringContaining('BIOS') },
    },
    expect.objectContaining({ name: 'sgx_4', what: 'SGX TCB component 4 (BIOS)', have: 2, needed: 8 }),
    expect.objectContaining({ name: 'pce', have: 13, needed: 14, remedy: expect.objectContaining({ kind: 'pce' }) }),
  ])
})

test('advisories are closed by the one update that reaches another level', () => {
  const collateral = rewritten((tcbInfo, qeIdentity) => {
    const [best, worse] = tcbInfo.tcbLevels
    best.tcb.tdxtcbcomponents[2].svn = 4
    worse.advisoryIDs = ['INTEL-SA-00001', 'INTEL-SA-00002']
    qeIdentity.tcbLevels[0].tcb.isvsvn = 5
    Object.assign(qeIdentity.tcbLevels[1], { advisoryIDs: ['INTEL-SA-00002'] })
  })
  const explained = explain(mint(), collateral)
  expect(explained.short.map(({ name, closes }) => [name, closes])).toEqual([
    ['tdx_3', ['INTEL-SA-00001']], // the other applies to the quoting enclave too
    ['qe', []],
  ])
  expect(explained.remaining).toEqual([])
})

test('the next better level may ask for less than the best', () => {
  const collateral = rewritten((tcbInfo) => {
    const identity = tcbInfo.tdxModuleIdentities.find(({ id }: Levels) => id === 'TDX_01')
    identity.tcbLevels.splice(1, 0, { ...identity.tcbLevels[1], tcb: { isvsvn: 4 } })
  })
  expect(explain(mint({ teeTcbSvn: svns(3, 1, 3) }), collateral).short).toMatchObject([
    {
      name: 'tdx_module',
      what: 'TDX module TDX_01',
      have: 3,
      needed: 6,
      neededNext: 4,
      remedy: { kind: 'tdx-module' },
    },
  ])
  expect(explain(mint({ teeTcbSvn: svns(5, 1, 3) }), collateral).short).toMatchObject([{ needed: 6, neededNext: 6 }])
})

test('a TD launched under an old module is to be launched anew', () => {
  const explained = explain(mint({ teeTcbSvn: svns(5, 1, 3), teeTcbSvn2: svns(6, 1, 3) }))
  expect(explained).toMatchObject({
    status: 'TDRelaunchAdvised',
    short: [{ name: 'tdx_module', have: 5, needed: 6, remedy: { kind: 'relaunch' } }],
  })
})

test('a module without a major version is one of the components', () => {
  expect(named(explain(mint({ teeTcbSvn: svns(4, 0, 3) })))).toEqual(['tdx_1'])
  expect(named(explain(mint({ teeTcbSvn: svns(5, 0, 3) })))).toEqual([])
})

test('what is below every level is Unknown, and what it lacks is named all the same', () => {
  const collateral = rewritten((tcbInfo) => {
    for (const level of tcbInfo.tcbLevels) level.tcb.sgxtcbcomponents[0].svn += 9
  })
  expect(explain(mint(), collateral)).toMatchObject({
    status: 'Unknown',
    short: [{ name: 'sgx_1', have: 3, needed: 12, neededNext: 11 }],
  })
  expect(explain(mint(), collateral)).not.toHaveProperty('tcbDate')
})

test('where configuration is what is missing, no number is short', () => {
  const collateral = rewritten((tcbInfo) => {
    for (const level of tcbInfo.tcbLevels)
      Object.assign(level, { tcbStatus: 'ConfigurationNeeded', advisoryIDs: ['INTEL-SA-00003'] })
  })
  expect(explain(mint(), collateral)).toMatchObject({
    status: 'ConfigurationNeeded',
    short: [],
    remaining: ['INTEL-SA-00003'],
  })
})

test('statements say how old they are', () => {
  const day = (n: number) => explain(mint(), undefined, new Date(Date.parse('2026-11-20T00:00:00Z') + n * 86_400_000))
  expect(day(7).tcbInfo).toMatchObject({ issued: new Date('2026-11-20T00:00:00Z'), old: false, untimely: false })
  expect(day(7.1).qeIdentity).toMatchObject({ old: true, untimely: false })
  expect(day(30.1).tcbInfo).toMatchObject({ untimely: true })
  expect(day(-1).tcbInfo).toMatchObject({ untimely: true })
})

test.each([
  ['BIOS', 'Early Microcode Update', 'bios'],
  ['OS/VMM', 'SGX Late Microcode Update', 'microcode'],
  ['OS/VMM', 'TDX Late Microcode Update', 'microcode'],
  ['OS/VMM', 'TXT SINIT', 'txt-sinit'],
  ['OS/VMM', 'SEAMLDR ACM', 'seam-loader'],
  ['OS/VMM', 'TDX Module', 'tdx-module'],
  ['BIOS', '', 'bios'],
  ['OS/VMM', '', 'unknown'],
  ['', '', 'unknown'],
  ['BIOS', 'constructor', 'bios'],
])('%s, %s is raised by %s', (category, type, kind) => {
  expect(remedyOf({ category, type })).toMatchObject({ kind, text: expect.stringMatching(/\.$/) })
})

test('what cannot be read is told with one code', () => {
  const unreadable = expect.objectContaining({ code: 'tcb_unreadable' })
  const foreign = rewritten((tcbInfo) => void Object.assign(tcbInfo, { fmspc: '000000000000' }))
  expect(() => explain(new Uint8Array())).toThrow(unreadable)
  expect(() => explain(mint().subarray(0, 2000))).toThrow(unreadable)
  expect(() => explain(mint().with(4, 0))).toThrow(unreadable)
  expect(() => explain(mint(), {} as never)).toThrow(unreadable)
  expect(() => explain(mint(), foreign)).toThrow('FMSPC')
  expect(() => explain(mint({ teeTcbSvn: svns(1, 9) }))).toThrow('TDX_09')
})

const quote = findVector('attestation/tdx/v5-2026-02/quote.bin')
const json = findVector('attestation/tdx/v5-2026-02/collateral.json')

test.skipIf(!quote || !json)('a genuine platform below every level is told what it lacks', () => {
  const collateral = JSON.parse(new TextDecoder().decode(json))
  const { status, short } = explain(quote!, collateral, new Date('2026-03-01T00:00:00Z'))
  expect(status).toBe('Unknown')
  expect(short.length).toBeGreaterThan(0)
  for (const { have, needed, neededNext } of short) expect(Math.max(needed, neededNext ?? 0)).toBeGreaterThan(have)
})
