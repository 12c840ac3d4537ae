import { toHex } from '@dcml/protocol'
import { developmentImage } from '../boot.ts'
import { type Attack, attack } from './forge.ts'

/** Genuine TDs that run something else, or somewhere else, than the victim demands. */
export const workloadAttacks: readonly Attack[] = [
  attack('another image manifest', 'image_h', {
    demands: () => ({ imageH: ['ab'.repeat(32)] }),
  }),
  attack('right image hash with another version byte in MRCONFIGID', 'image_h', {
    plan: ({ td }) => {
      td.mrConfigId[0] = 2
    },
    demands: ({ td }) => ({ imageH: [toHex(td.mrConfigId.slice(1, 33))] }),
  }),
  attack('another boot image that says it runs the right manifest', 'boot_image', {
    plan: ({ td }) => {
      td.mrtd = new Uint8Array(48).fill(1)
    },
    demands: ({ td }) => ({ images: [developmentImage], imageH: [toHex(td.mrConfigId.slice(1, 33))] }),
  }),
  ...[0, 1, 2].map((register) =>
    attack(`boot that measured something else into RTMR${register}`, 'boot_image', {
      plan: ({ td }) => {
        td.rtmrs[register]![0]! ^= 1
      },
      demands: () => ({ images: [developmentImage] }),
    }),
  ),
  attack('a TDX module that the victim does not list', 'mr_seam', {
    demands: () => ({ mrSeam: ['cd'.repeat(48)] }),
  }),
  attack('a machine that the victim does not list', 'platform_id', {
    demands: () => ({ platforms: ['ef'.repeat(16)] }),
  }),
]
