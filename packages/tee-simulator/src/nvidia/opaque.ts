import { concatBytes, utf8 } from '@dcml/protocol'
import type { ChipFacts } from './chips.ts'
import { FEATURE, gpuVbiosVersion, OPAQUE, type OpaqueField, STATUS, textField } from './spdm.ts'

/** Identities (8 bytes) of the devices that NVLink joins. */
export interface Fabric {
  readonly gpus: readonly Uint8Array[]
  readonly switches: readonly Uint8Array[]
}

const GPU_LINKS = 18
const SWITCH_GPUS = 8
const SWITCH_PORTS = 64

const u16 = (value: number): Uint8Array => Uint8Array.of(value & 0xff, value >>> 8)
const ones = (count: number): Uint8Array => new Uint8Array(Uint32Array.from({ length: count }, () => 1).buffer)

/** What a GPU says of itself beside its measurements, in NVIDIA's order. It writes identities backwards. */
export function gpuFields(facts: ChipFacts, chip: string, fwid: Uint8Array, { gpus, switches }: Fabric): OpaqueField[] {
  const feature = switches.length > 0 ? FEATURE.protectedPcie : gpus.length > 1 ? FEATURE.multi : FEATURE.single
  const behindLink = (link: number): Uint8Array => switches[link % switches.length]?.toReversed() ?? new Uint8Array(8)
  return [
    { type: OPAQUE.vbiosVersion, value: gpuVbiosVersion(facts.vbios) },
    { type: OPAQUE.chipSku, value: concatBytes(utf8(facts.chipSku), new Uint8Array(6)) },
    textField(OPAQUE.project, facts.project),
    textField(OPAQUE.projectSku, facts.projectSku),
    textField(OPAQUE.driverVersion, facts.driver!),
    { type: OPAQUE.measurementCounts, value: ones(facts.blocks) },
    { type: OPAQUE.nvdec0, value: Uint8Array.of(STATUS.enabled) },
    { type: OPAQUE.fwid, value: fwid },
    {
      type: OPAQUE.protectedPcie,
      value: Uint8Array.of(feature === FEATURE.protectedPcie ? STATUS.enabled : STATUS.disabled),
    },
    { type: OPAQUE.pdis, value: concatBytes(...Array.from({ length: GPU_LINKS }, (_, link) => behindLink(link))) },
    { type: OPAQUE.dataVersion, value: u16(1) },
    textField(OPAQUE.chip, chip),
    { type: OPAQUE.featureFlag, value: u16(feature) },
  ]
}

/** What an NVSwitch says of itself and of the GPUs at its ports. It names no firmware id. */
export function switchFields(facts: ChipFacts, position: number, { gpus, switches }: Fabric): OpaqueField[] {
  const slots = Array.from({ length: SWITCH_GPUS }, (_, i) => gpus[i] ?? new Uint8Array(8).fill(0xff))
  const ports = Uint8Array.from({ length: SWITCH_PORTS }, (_, port) => (port < gpus.length * 4 ? port >> 2 : 0xff))
  return [
    { type: OPAQUE.vbiosVersion, value: utf8(facts.vbios) },
    { type: OPAQUE.pdis, value: switches[position]! },
    { type: OPAQUE.measurementCounts, value: ones(facts.blocks) },
    { type: OPAQUE.switchGpuPdis, value: concatBytes(...slots, ports) },
    { type: OPAQUE.disabledPorts, value: Uint8Array.of(0, 0) },
    { type: OPAQUE.switchPosition, value: u16(position) },
    { type: OPAQUE.switchLock, value: u16(1) },
  ]
}
