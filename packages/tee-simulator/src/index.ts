/**
 * Byte-valid TEE evidence under a DEVELOPMENT root, for development and tests: quotes, collateral, run-time registers,
 * and a catalogue of attacks. Never real.
 * @packageDocumentation
 */
export { type Control, controls } from './attacks/controls.ts'
export { type Attack, type Demands, type Forged, type Forgery, forge } from './attacks/forge.ts'
export { gpuAttacks } from './attacks/gpu.ts'
export { gpuControls } from './attacks/gpu-controls.ts'
export type { ForgedGpus, GpuAttack, GpuControl, GpuDemands } from './attacks/gpu-forge.ts'
export { attacks } from './attacks/index.ts'
export { snpAttacks, snpControls } from './attacks/snp.ts'
export type { ForgedSnp, SnpAttack, SnpControl, SnpDemands } from './attacks/snp-forge.ts'
export type { Blueprint } from './blueprint.ts'
export type { ImageMeasurements } from './boot.ts'
export { type SimulatedChip, simulatedChip } from './chip.ts'
export type { Collateral } from './issue.ts'
export type { SimulatedGpus } from './nvidia/backend.ts'
export type { GpuChip } from './nvidia/chips.ts'
export type { SimulatedGpuEvidence } from './nvidia/issue.ts'
export type { GpuRoots } from './nvidia/roles.ts'
export type { RtmrEvent } from './rtmr.ts'
export {
  createSimulator,
  DEVELOPMENT_SEED,
  type MachineOptions,
  type QuoteRequest,
  type Simulator,
  type SimulatorOptions,
  type SnpTeeOptions,
  type TeeOptions,
} from './simulator.ts'
export { developmentSnpImage, type SnpForm } from './snp/blueprint.ts'
export type { SimulatedSnpEvidence } from './snp/platform.ts'
export type { MonotonicCounter, SimulatedEvidence, SimulatedTee, TeeSnapshot } from './tee.ts'
