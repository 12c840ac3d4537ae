import { toHex } from '@dcml/protocol'
import * as der from '../der.ts'
import { developmentSnpImage } from '../snp/blueprint.ts'
import { AMD } from '../snp/vek.ts'
import { type SnpAttack, type SnpDemands, type SnpForgery, snpAttack } from './snp-forge.ts'

const least = { bootloader: 10, tee: 0, snp: 23, microcode: 84 }
const upToDate: SnpDemands = { snp: { minTcb: { Genoa: least } } }
const other = 'ab'.repeat(48)

/** A guest policy with a bit set or cleared. */
const guestPolicy = (bit: number, on = true): NonNullable<SnpForgery['plan']> => {
  const mask = 1n << BigInt(bit)
  return ({ report }) => {
    report.policy = on ? report.policy | mask : report.policy & ~mask
  }
}

/** Genuine platforms and guests that the policy does not accept. */
export const snpWorkloadAttacks: readonly SnpAttack[] = [
  snpAttack('platform that reports old microcode', 'snp_tcb_reported', {
    plan: ({ report, vek }) => {
      report.tcb.reported.microcode = 83
      vek.extensions = vek.extensions.map((it) => (it.oid === AMD.microcode ? { ...it, value: der.integer(83) } : it))
    },
    demands: upToDate,
  }),
  snpAttack('platform that can be rolled back to an old firmware', 'snp_tcb_committed', {
    plan: ({ report }) => {
      report.tcb.committed.snp = 22
    },
    demands: upToDate,
  }),
  snpAttack('guest launched under an old boot loader', 'snp_tcb_launch', {
    plan: ({ report }) => {
      report.tcb.launch.bootloader = 9
    },
    demands: upToDate,
  }),
  snpAttack("guest launched under an old FMC of Turin's", 'snp_tcb_launch', {
    form: { product: 'Turin' },
    plan: ({ report }) => {
      report.tcb.launch.fmc = 0
    },
    demands: ({ report }) => ({ snp: { minTcb: { Turin: report.tcb.reported } } }),
  }),
  snpAttack(
    'processor family that the policy does not name',
    'snp_tcb_reported',
    { demands: { snp: { minTcb: { Milan: least, Turin: least } } } },
    ['snp_tcb_committed', 'snp_tcb_launch'],
  ),
  snpAttack('guest policy without its constant bit', 'snp_policy_reserved', { plan: guestPolicy(17, false) }),
  snpAttack('guest policy with a bit nobody knows', 'snp_policy_reserved', { plan: guestPolicy(26) }),
  snpAttack('guest policy with its highest bit', 'snp_policy_reserved', { plan: guestPolicy(63) }),
  snpAttack('guest that the host may debug', 'snp_debug', { plan: guestPolicy(19) }),
  snpAttack('guest that may be migrated', 'snp_migrate', { plan: guestPolicy(18) }),
  snpAttack('guest whose memory may lie in a CXL device', 'snp_cxl', { plan: guestPolicy(21) }),
  snpAttack('guest whose cores may be shared', 'snp_smt', { demands: { snp: { smt: false } } }),
  snpAttack('report asked for at VMPL 1', 'snp_vmpl', {
    plan: ({ report }) => {
      report.vmpl = 1
    },
  }),
  snpAttack('report asked for by the host', 'snp_vmpl', {
    plan: ({ report }) => {
      report.vmpl = 0xffff_ffff
    },
  }),
  snpAttack('another image manifest', 'snp_host_data', { demands: { imageH: ['ab'.repeat(32)] } }),
  snpAttack('no image manifest accepted', 'snp_host_data', { demands: { imageH: [] } }),
  snpAttack('another boot image', 'snp_boot_image', {
    demands: { images: [{ snpMeasurement: other, label: 'another' }] },
  }),
  snpAttack('a boot image changed by one bit', 'snp_boot_image', {
    plan: ({ report }) => {
      report.measurement[47]! ^= 1
    },
    demands: { images: [developmentSnpImage] },
  }),
  snpAttack('a chip that is not on the list', 'snp_platform_id', { demands: { platforms: ['00'.repeat(64)] } }),
  snpAttack('VLEK of a chip that is not on the list', 'snp_platform_id', {
    form: { signer: 'VLEK' },
    demands: { snp: { vlek: true }, platforms: ['ab'.repeat(64)] },
  }),
  snpAttack('VLEK without a chip id, zeros on the list', 'snp_platform_id', {
    form: { signer: 'VLEK' },
    plan: ({ report }) => void report.chipId.fill(0),
    demands: { snp: { vlek: true }, platforms: ['00'.repeat(64)] },
  }),
  snpAttack('a masked chip that is not on the list', 'snp_platform_id', {
    plan: ({ report }) => void report.chipId.fill(0),
    demands: ({ report }) => ({ platforms: [toHex(report.measurement).padEnd(128, '0')] }),
  }),
]
