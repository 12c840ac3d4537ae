import type { TcbStatus } from '../tcb.ts'
import { type Attack, attack } from './forge.ts'

const statuses: readonly TcbStatus[] = [
  'SWHardeningNeeded',
  'ConfigurationNeeded',
  'ConfigurationAndSWHardeningNeeded',
  'OutOfDate',
  'OutOfDateConfigurationNeeded',
  'Revoked',
]

/** Platforms, TDX modules and quoting enclaves that are genuine and not good enough; TDs anyone can look into. */
export const tcbAttacks: readonly Attack[] = [
  ...statuses.map((status) =>
    attack(`platform ${status}`, 'tcb_status', {
      plan: ({ tcbInfo }) => {
        tcbInfo.tcbLevels[0]!.tcbStatus = status
      },
    }),
  ),
  ...statuses.map((status) =>
    attack(`quoting enclave ${status}`, 'tcb_status', {
      plan: ({ qeIdentity }) => {
        qeIdentity.tcbLevels[0]!.tcbStatus = status
      },
    }),
  ),
  ...statuses.map((status) =>
    attack(`TDX module ${status}`, 'tcb_status', {
      plan: ({ tcbInfo }) => {
        for (const module of tcbInfo.tdxModuleIdentities) module.tcbLevels[0]!.tcbStatus = status
      },
    }),
  ),
  attack('PCE below every level', 'tcb_level', {
    plan: ({ tcbInfo }) => {
      for (const level of tcbInfo.tcbLevels) level.tcb.pcesvn = 14
    },
  }),
  attack('microcode below the current level', 'tcb_status', {
    plan: ({ tcbInfo }) => {
      tcbInfo.tcbLevels[0]!.tcb.sgxtcbcomponents[15]!.svn = 1
    },
  }),
  attack('quoting enclave below every level', 'qe_tcb', {
    plan: ({ qeReport }) => {
      qeReport.isvSvn = 1
    },
  }),
  attack('quoting enclave below the current level', 'tcb_status', {
    plan: ({ qeReport }) => {
      qeReport.isvSvn = 3
    },
  }),
  attack('TDX module below the current level', 'tcb_status', {
    plan: ({ td }) => {
      td.teeTcbSvn[0] = 5
    },
  }),
  attack('TDX module below every level', 'tdx_module_tcb', {
    plan: ({ td, tcbInfo }) => {
      td.teeTcbSvn[0] = 1
      for (const level of tcbInfo.tcbLevels) level.tcb.tdxtcbcomponents[0]!.svn = 0
    },
  }),
  attack('TDX module of a version Intel does not list', 'tdx_module', {
    plan: ({ td }) => {
      td.teeTcbSvn[1] = 7
    },
  }),
  attack('TDX module of another signer', 'tdx_module', {
    plan: ({ td }) => {
      td.mrSignerSeam[0] = 1
    },
  }),
  attack('TDX module with attributes set', 'tdx_module', {
    plan: ({ td }) => {
      td.seamAttributes[0] = 1
    },
  }),
  attack('TDX 1.0 module of another signer', 'tdx_module', {
    plan: ({ td }) => {
      td.teeTcbSvn[1] = 0
      td.mrSignerSeam[0] = 1
    },
  }),
  // PCS v4: components 0 and 1 count only where the module's major version, component 1, is 0
  attack('TDX 1.0 module below the platform level', 'tcb_status', {
    plan: ({ td }) => {
      td.teeTcbSvn.set([4, 0])
    },
  }),
  attack('late TDX microcode below the platform level, behind a new module', 'tcb_status', {
    plan: ({ td }) => {
      td.teeTcbSvn.set([3, 3, 2])
    },
  }),
  attack('TD launched under an old TDX module that was updated since (relaunch advised)', 'tcb_status', {
    plan: ({ td }) => {
      td.teeTcbSvn[0] = 5
      td.teeTcbSvn2 = td.teeTcbSvn.with(0, 6)
    },
  }),
  attack('the same, needing configuration too', 'tcb_status', {
    plan: ({ td, tcbInfo }) => {
      tcbInfo.tcbLevels[0]!.tcbStatus = 'ConfigurationNeeded'
      td.teeTcbSvn[0] = 5
      td.teeTcbSvn2 = td.teeTcbSvn.with(0, 6)
    },
    demands: () => ({ tcb: { accept: ['UpToDate', 'ConfigurationNeeded', 'TDRelaunchAdvised'] } }),
  }),
  attack('old TDX module in the past, one that Intel does not list at present', 'tdx_module_tcb', {
    plan: ({ td }) => {
      td.teeTcbSvn[0] = 5
      td.teeTcbSvn2 = td.teeTcbSvn.with(1, 7)
    },
    demands: () => ({ tcb: { accept: ['UpToDate', 'OutOfDate'] } }),
  }),
  attack('TDX module outdated at launch and at present, where a relaunch is tolerated', 'tcb_status', {
    plan: ({ td }) => {
      td.teeTcbSvn[0] = 4
      td.teeTcbSvn2 = td.teeTcbSvn.with(0, 5)
    },
    demands: () => ({ tcb: { accept: ['UpToDate', 'TDRelaunchAdvised'] } }),
  }),
  attack('TD of an outdated platform, where a relaunch is tolerated', 'tcb_status', {
    plan: ({ td, tcbInfo }) => {
      tcbInfo.tcbLevels[0]!.tcb.sgxtcbcomponents[0]!.svn = 4
      td.teeTcbSvn[0] = 5
      td.teeTcbSvn2 = td.teeTcbSvn.with(0, 6)
    },
    demands: () => ({ tcb: { accept: ['UpToDate', 'TDRelaunchAdvised'] } }),
  }),
  attack('TD of an outdated quoting enclave, where a relaunch is tolerated', 'tcb_status', {
    plan: ({ td, qeReport }) => {
      qeReport.isvSvn = 3
      td.teeTcbSvn[0] = 5
      td.teeTcbSvn2 = td.teeTcbSvn.with(0, 6)
    },
    demands: () => ({ tcb: { accept: ['UpToDate', 'TDRelaunchAdvised'] } }),
  }),
  attack('TD that a service TD is bound to', 'td_service_td', {
    plan: ({ td }) => {
      td.mrServiceTd = new Uint8Array(48).fill(7)
    },
  }),
  attack('TD that a service TD is bound to, in one bit of its hash', 'td_service_td', {
    plan: ({ td }) => {
      td.mrServiceTd = new Uint8Array(48).with(47, 0x80)
    },
  }),
  attack('TD 1.5 in debug mode', 'td_debug', {
    plan: ({ td }) => {
      td.mrServiceTd = new Uint8Array(48)
      td.tdAttributes[0] = 1
    },
  }),
  attack('TD in debug mode', 'td_debug', {
    plan: ({ td }) => {
      td.tdAttributes[0] = 1
    },
  }),
  attack('TD with reserved attributes', 'td_reserved', {
    plan: ({ td }) => {
      td.tdAttributes[1] = 1
    },
  }),
  attack('TD with the highest reserved attribute', 'td_reserved', {
    plan: ({ td }) => {
      td.tdAttributes[6] = 0x80
    },
  }),
  attack('TD whose host can remap its pages unseen (SEPT_VE_DISABLE off)', 'td_sept_ve_disable', {
    plan: ({ td }) => {
      td.tdAttributes[3] = 0
    },
  }),
  attack('TD that may be migrated', 'td_migratable', {
    plan: ({ td }) => {
      td.tdAttributes[3]! |= 0x20
    },
  }),
  attack('TD with performance counters', 'td_perfmon', {
    plan: ({ td }) => {
      td.tdAttributes[7] = 0x80
    },
  }),
  attack('platform with an advisory that the victim denies', 'tcb_advisories', {
    plan: ({ tcbInfo }) => {
      tcbInfo.tcbLevels[0]!.advisoryIDs = ['INTEL-SA-99999']
    },
    demands: () => ({ tcb: { deniedAdvisories: ['INTEL-SA-99999'] } }),
  }),
  attack('advisories of a tolerated status that nobody allowed', 'tcb_advisories', {
    plan: ({ qeIdentity }) => {
      Object.assign(qeIdentity.tcbLevels[0]!, { tcbStatus: 'SWHardeningNeeded', advisoryIDs: ['INTEL-SA-99999'] })
    },
    demands: () => ({ tcb: { accept: ['UpToDate', 'SWHardeningNeeded'] } }),
  }),
  attack('Revoked, whatever the victim tolerates', 'tcb_status', {
    plan: ({ tcbInfo }) => {
      tcbInfo.tcbLevels[0]!.tcbStatus = 'Revoked'
    },
    demands: () => ({ tcb: { accept: ['UpToDate', ...statuses.filter((status) => status !== 'Revoked')] } }),
  }),
]
