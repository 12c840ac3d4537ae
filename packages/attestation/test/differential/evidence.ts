// Evidence of a simulated platform, bent in one or two ways: bytes of what was signed, and statements before they are.
import { fromHex, toHex } from '@dcml/protocol'
import { type Blueprint, type Forged, forge, type Simulator } from '@dcml/tee-simulator'
import { TCB_STATUSES } from '../../src/tdx/tcb-status.ts'
import type { TdxCollateral } from '../../src/tee.ts'
import type { Random } from './random.ts'

type PlanMutation = (random: Random, plan: Blueprint) => void

const statuses = TCB_STATUSES.filter((status) => !status.startsWith('TDRelaunch')) as never[]
const advisories = ['INTEL-SA-00001', 'INTEL-SA-00002', 'INTEL-SA-00003']
const certificates = ['root', 'intermediate', 'pck', 'tcbSigner'] as const
const someDates = ['2019-12-31T00:00:00Z', '2026-11-21T12:00:00Z', '2026-11-21T12:00:01Z', '2030-01-01T00:00:00Z']
const dates = someDates.map((date) => new Date(date))
const svns = (random: Random) => random.pick([0, 1, 2, 3, 4, 5, 6, 7, 255])

/** What signers may have said otherwise, by name. Everything is signed as it then stands. */
const PLAN_MUTATIONS: Readonly<Record<string, PlanMutation>> = {
  cpuSvn: (random, { platform }) => {
    platform.cpuSvn = Uint8Array.from(platform.cpuSvn).with(random.below(16), svns(random))
  },
  pceSvn: (random, { platform }) => {
    platform.pceSvn = random.pick([0, 5, 12, 13, 14, 65_535])
  },
  fmspc: (random, { platform }) => {
    platform.fmspc = random.mutate(platform.fmspc).slice(0, 6)
  },
  teeTcbSvn: (random, { td }) => {
    td.teeTcbSvn = td.teeTcbSvn.with(random.below(4), svns(random))
  },
  teeTcbSvn2: (random, { td }) => {
    td.teeTcbSvn = td.teeTcbSvn.with(0, random.pick([2, 3, 5, 6]))
    td.teeTcbSvn2 = td.teeTcbSvn.with(random.below(3), svns(random))
  },
  mrServiceTd: (random, { td }) => {
    td.mrServiceTd = random.pick([new Uint8Array(48), random.bytes(48)])
  },
  body: (random, { header, td }) => {
    header.version = random.pick([3, 4, 5, 5, 5, 6])
    if (random.below(2)) td.mrServiceTd = new Uint8Array(48)
  },
  tdAttributes: (random, { td }) => {
    td.tdAttributes = td.tdAttributes.with(random.below(8), 1 << random.below(8))
  },
  seam: (random, { td }) => {
    if (random.below(2)) td.mrSignerSeam = random.bytes(48)
    else td.seamAttributes = random.mutate(new Uint8Array(8)).slice(0, 8)
    if (td.seamAttributes.length < 8) td.seamAttributes = new Uint8Array(8)
  },
  level: (random, { tcbInfo }) => {
    const { tcb } = random.pick(tcbInfo.tcbLevels)
    random.pick([tcb.sgxtcbcomponents, tcb.tdxtcbcomponents])[random.below(16)]!.svn = svns(random)
  },
  levelStatus: (random, { tcbInfo }) => {
    const level = random.pick(tcbInfo.tcbLevels)
    level.tcbStatus = random.pick(statuses)
    level.advisoryIDs = advisories.slice(random.below(4))
  },
  moduleLevel: (random, { tcbInfo }) => {
    const level = random.pick(random.pick(tcbInfo.tdxModuleIdentities).tcbLevels)
    level.tcb.isvsvn = svns(random)
    level.tcbStatus = random.pick(statuses)
  },
  qeLevel: (random, { qeIdentity, qeReport }) => {
    const level = random.pick(qeIdentity.tcbLevels)
    level.tcbStatus = random.pick(statuses)
    level.advisoryIDs = advisories.slice(random.below(4))
    qeReport.isvSvn = random.pick([1, 2, 3, 4, 5])
  },
  qeReport: (random, { qeReport }) => {
    const field = random.pick(['attributes', 'mrSigner', 'mrEnclave', 'cpuSvn'] as const)
    qeReport[field] = qeReport[field].with(random.below(qeReport[field].length), random.below(256))
    if (random.below(3) === 0) qeReport.miscSelect = 1 << random.below(31)
    if (random.below(3) === 0) qeReport.isvProdId = random.below(4)
  },
  qeMasks: (random, { qeIdentity }) => {
    const field = random.pick(['miscselect', 'miscselectMask', 'attributes', 'attributesMask'] as const)
    const bytes = fromHex(qeIdentity[field].toLowerCase())
    qeIdentity[field] = toHex(bytes.with(random.below(bytes.length), random.below(256))).toUpperCase()
  },
  statement: (random, { tcbInfo, qeIdentity }) => {
    const statement = random.pick([tcbInfo, qeIdentity])
    const change: Record<string, () => void> = {
      id: () => void Object.assign(statement, { id: random.pick(['SGX', 'TDX', 'QE', 'TD_QE']) }),
      version: () => void Object.assign(statement, { version: random.pick([1, 2, 3, 4]) }),
      issueDate: () => void Object.assign(statement, { issueDate: random.pick(someDates) }),
      nextUpdate: () => void Object.assign(statement, { nextUpdate: random.pick(someDates) }),
      number: () => void Object.assign(statement, { tcbEvaluationDataNumber: random.below(30) }),
    }
    change[random.pick(Object.keys(change))]!()
  },
  window: (random, plan) => {
    const certificate = plan[random.pick(certificates)]
    certificate[random.pick(['notBefore', 'notAfter'] as const)] = random.pick(dates)
  },
  crl: (random, plan) => {
    const crl = random.pick([plan.rootCrl, plan.pckCrl])
    const change = random.below(4)
    if (change === 0) crl.thisUpdate = random.pick(dates)
    else if (change === 1) crl.nextUpdate = random.pick(dates)
    else if (change === 2) crl.revoked = [plan[random.pick(certificates)].serial]
    else crl.signer = plan[random.pick(certificates)].key
  },
  extensions: (random, plan) => {
    const certificate = plan[random.pick(certificates)]
    const at = random.below(certificate.extensions.length)
    const extension = certificate.extensions[at]!
    const change = random.below(4)
    if (change === 0) certificate.extensions = certificate.extensions.toSpliced(at, 1)
    else if (change === 1) certificate.extensions = [...certificate.extensions, extension]
    else if (change === 2)
      certificate.extensions = certificate.extensions.with(at, { ...extension, critical: !extension.critical })
    else
      certificate.extensions = certificate.extensions.with(at, { ...extension, value: random.mutate(extension.value) })
  },
  signer: (random, plan) => {
    plan[random.pick(certificates)].signer = plan[random.pick(certificates)].key
  },
  names: (random, plan) => {
    plan[random.pick(certificates)].issuer = plan[random.pick(certificates)].subject
  },
  authData: (random, plan) => {
    plan.authData = random.bytes(random.pick([0, 1, 31, 32, 500]))
  },
}

/** Collateral as text or bytes with one part changed. */
function bendCollateral(random: Random, collateral: TdxCollateral): TdxCollateral {
  const part = random.pick(Object.keys(collateral) as (keyof TdxCollateral)[])
  const text = collateral[part]
  if (random.below(8) === 0)
    return { ...collateral, [part]: collateral[random.pick(Object.keys(collateral) as (keyof TdxCollateral)[])] }
  if (/^[0-9a-f]+$/.test(text) && random.below(2)) return { ...collateral, [part]: toHex(random.mutate(fromHex(text))) }
  return { ...collateral, [part]: Buffer.from(random.mutate(Buffer.from(text, 'latin1'))).toString('latin1') }
}

interface Case extends Pick<Forged, 'quote' | 'collateral' | 'roots'> {
  /** What was done, to be found again. */
  readonly mutation: string
}

/** One case: half of them bend bytes after signing, half say something else and sign it. */
export function makeCase(random: Random, simulator: Simulator, honest: readonly Forged[]): Case {
  const base = random.pick(honest)
  switch (random.below(4)) {
    case 0:
      return { ...base, quote: random.mutate(base.quote), mutation: 'bytes of the quote' }
    case 1:
      return { ...base, collateral: bendCollateral(random, base.collateral), mutation: 'collateral' }
    default: {
      const names = [
        random.pick(Object.keys(PLAN_MUTATIONS)),
        ...(random.below(3) ? [] : [random.pick(Object.keys(PLAN_MUTATIONS))]),
      ]
      const plan = (blueprint: Blueprint) => {
        for (const name of names) PLAN_MUTATIONS[name]!(random, blueprint)
      }
      return { ...forge(simulator, { plan, roots: ({ root }) => [root] }), mutation: names.join(' and ') }
    }
  }
}
