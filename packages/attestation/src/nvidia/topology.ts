// What several devices have to be to each other. Traffic over NVLink is not encrypted in protected PCIe (PPCIE), so
// there every device that a link leads to has to be one that is attested here.
import { Refusal } from '../x509/der.ts'
import type { DeviceFields, GpuMode } from './fields.ts'
import type { DeviceIdentity } from './identity.ts'

/** A device with what it says and what its certificates say. */
export interface KnownDevice {
  readonly name: string
  readonly fields: DeviceFields
  readonly identity: DeviceIdentity
}

/** Eight GPUs and four switches are the largest machine of today. */
export const MAX_DEVICES = 16

/** @throws Refusal where the numbers are not those that were asked for */
export function requireCount(
  devices: readonly { readonly kind: 'gpu' | 'switch' }[],
  { count, switches }: { readonly count?: number; readonly switches?: number },
): void {
  if (devices.length > MAX_DEVICES) throw new Refusal(`there are ${devices.length} devices, above ${MAX_DEVICES}`)
  const gpus = devices.filter(({ kind }) => kind === 'gpu').length
  const others = devices.length - gpus
  if (gpus === 0) throw new Refusal('there is no GPU')
  if (count !== undefined && gpus !== count) throw new Refusal(`there are ${gpus} GPUs, not ${count}`)
  if (switches !== undefined && others !== switches) throw new Refusal(`there are ${others} switches, not ${switches}`)
}

/** The mode that all GPUs report, which has to be that of a machine with so many devices. @throws Refusal */
export function requireMode(devices: readonly DeviceFields[]): GpuMode {
  const gpus = devices.filter((fields) => fields.kind === 'gpu')
  const [mode, ...others] = [...new Set(gpus.map((gpu) => gpu.mode))]
  if (mode === undefined || others.length > 0) throw new Refusal('the GPUs report different modes')
  const switches = devices.length - gpus.length
  if (mode === 'single' && gpus.length > 1) throw new Refusal(`${gpus.length} GPUs report to be alone`)
  if (mode !== 'single' && gpus.length === 1) throw new Refusal(`one GPU reports the mode of several, ${mode}`)
  if (mode !== 'ppcie' && switches > 0) throw new Refusal(`there are switches, but the mode is ${mode}`)
  if (mode === 'ppcie' && switches === 0) throw new Refusal('the mode is ppcie, but there is no switch')
  return mode
}

/**
 * Each GPU has to name exactly the switches that are here, and each switch exactly the GPUs. Whoever can still configure a
 * switch can wire it anew.
 * @throws Refusal
 */
export function requireTopology(devices: readonly KnownDevice[]): void {
  for (const { name, fields } of devices) {
    const here = devices.filter(({ identity }) => identity.kind !== fields.kind)
    const stranger = fields.links.find((pdi) => !here.some(({ identity }) => identity.pdi === pdi))
    if (stranger !== undefined) throw new Refusal(`${name} is linked to ${stranger}, which is not here`)
    const missed = here.find(({ identity }) => !fields.links.includes(identity.pdi))
    if (missed) throw new Refusal(`${name} is not linked to ${missed.name}`)
    if (fields.kind === 'switch' && !fields.locked) throw new Refusal(`${name} is not locked`)
  }
}

/** What a device says of itself has to be what its certificates say. @throws Refusal */
export function requireIdentity(fields: DeviceFields, { kind, chip, pdi }: DeviceIdentity): void {
  if (fields.kind !== kind) throw new Refusal(`the certificates are those of a ${kind}, ${chip}`)
  if (fields.kind === 'gpu' && fields.chip !== undefined && fields.chip !== chip)
    throw new Refusal(`the report's chip is ${fields.chip}, the certificates' ${chip}`)
  if (fields.kind === 'switch' && fields.pdi !== pdi)
    throw new Refusal(`the report's identifier is ${fields.pdi}, the certificates' ${pdi}`)
}

/** @throws Refusal where a device is there more than once */
export function requireDistinct(devices: readonly DeviceIdentity[]): void {
  const seen = new Set<string>()
  for (const { pdi } of devices) {
    if (seen.has(pdi)) throw new Refusal(`device ${pdi} is there twice`)
    seen.add(pdi)
  }
}
