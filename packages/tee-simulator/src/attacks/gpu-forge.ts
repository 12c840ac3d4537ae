import { issueCertificate } from '../certificate.ts'
import { type DeviceBlueprint, type GpuMachine, machineBlueprint } from '../nvidia/blueprint.ts'
import { issueDevice, type SimulatedGpuEvidence } from '../nvidia/issue.ts'
import { issueVerdict, type VerdictBlueprint, verdictBlueprint } from '../nvidia/nras.ts'
import { type GpuRoots, gpuRoots } from '../nvidia/roles.ts'
import type { Simulator } from '../simulator.ts'
import { strangerSeed } from './forge.ts'

/** Evidence of GPUs that a verifier is asked to judge. */
export interface ForgedGpus {
  readonly devices: readonly SimulatedGpuEvidence[]
  /** What the victim asked the devices to sign. */
  readonly nonce: Uint8Array
  /** Development roots that the victim trusts, DER. */
  readonly roots: GpuRoots
  /** What the victim demands beyond the defaults, as members of `policy.gpu`. */
  readonly policy?: GpuDemands
}

/** Members of `policy.gpu` of `@dcml/attestation`. */
export interface GpuDemands {
  readonly count?: number
  readonly switches?: number
  readonly chips?: readonly string[]
  readonly minDriver?: string
  readonly minVbios?: string
  readonly revocation?: 'required' | 'off'
  readonly maxOcspAgeHours?: number
  readonly nras?: 'off' | 'also'
}

/** One way to deceive a verifier of GPUs. */
export interface GpuAttack {
  readonly name: string
  /** The check of `verifyGpuEvidence` that refuses it; checks which build on that one are skipped. */
  readonly targets: string
  /** Other checks that meet the same flaw. */
  readonly also: readonly string[]
  mint(simulator: Simulator): ForgedGpus
}

/** Honest evidence of a rare form. */
export type GpuControl = Omit<GpuAttack, 'targets' | 'also'>

/** Where honest evidence is bent, in the order in which it is made. */
export interface GpuForgery {
  /** Default: one Hopper GPU. */
  machine?: Partial<Omit<GpuMachine, 'nras'>>
  /** Before anything is signed. `strangers` is the same machine of someone with keys of his own and the same names. */
  plan?(devices: DeviceBlueprint[], strangers: DeviceBlueprint[]): void
  /** NVIDIA's verdict, which the victim then demands, before it is signed; and its text after. */
  verdict?(verdict: VerdictBlueprint, stranger: VerdictBlueprint): void
  verdictText?(text: string): string
  /** The finished evidence; nothing is signed again. */
  evidence?(devices: SimulatedGpuEvidence[]): readonly SimulatedGpuEvidence[]
  demands?: GpuDemands
  /** The victim trusts the roots that the forgery leads to, not the simulator's. */
  ownRoots?: true
}

/** Makes the evidence of a forgery; of none, honest evidence. */
export function forgeGpus(simulator: Simulator, forgery: GpuForgery): ForgedGpus {
  const { machine, plan, verdict, verdictText, evidence, demands, ownRoots } = forgery
  const whole = { gpus: 1, switches: 0, chip: 'GH100' as const, ...machine }
  const nonce = new Uint8Array(32).fill(0x5a)
  const machineOf = (seed: Uint8Array): DeviceBlueprint[] => {
    const devices = machineBlueprint(seed, simulator.now(), whole)
    for (const { request } of devices) request.nonce = nonce
    return devices
  }
  const devices = machineOf(simulator.seed)
  const [{ chain, rimChain }] = devices as [DeviceBlueprint]
  const strangers = plan || verdict ? machineOf(strangerSeed) : []
  plan?.(devices, strangers)
  const issued = devices.map(issueDevice)
  if (verdict || verdictText) {
    const said = verdictBlueprint(simulator.seed, simulator.now(), nonce, devices)
    verdict?.(said, verdictBlueprint(strangerSeed, simulator.now(), nonce, strangers))
    const text = issueVerdict(said)
    const nras = verdictText?.(text) ?? text
    for (const [i, device] of issued.entries()) issued[i] = { ...device, nras }
  }
  return {
    devices: evidence?.(issued) ?? issued,
    nonce,
    roots: ownRoots
      ? { device: [issueCertificate(chain.at(-1)!)], rim: [issueCertificate(rimChain.at(-1)!)] }
      : gpuRoots(simulator.seed),
    ...((demands || verdict || verdictText) && {
      policy: { ...((verdict || verdictText) && { nras: 'also' as const }), ...demands },
    }),
  }
}

export const gpuAttack = (
  name: string,
  targets: string,
  forgery: GpuForgery,
  also: readonly string[] = [],
): GpuAttack => ({ name, targets, also, mint: (simulator) => forgeGpus(simulator, forgery) })

/** An attack that bends the plan of the first device. */
export const gpuPlan = (
  name: string,
  targets: string,
  bend: (gpu: DeviceBlueprint, stranger: DeviceBlueprint) => void,
  forgery: GpuForgery = {},
  also: readonly string[] = [],
): GpuAttack => gpuAttack(name, targets, { ...forgery, plan: ([gpu], [stranger]) => bend(gpu!, stranger!) }, also)

/** An attack that changes the finished evidence of the first device. */
export const gpuEvidence = (
  name: string,
  targets: string,
  change: (gpu: SimulatedGpuEvidence) => Partial<SimulatedGpuEvidence>,
  forgery: GpuForgery = {},
  also: readonly string[] = [],
): GpuAttack =>
  gpuAttack(
    name,
    targets,
    { ...forgery, evidence: ([gpu, ...others]) => [{ ...gpu!, ...change(gpu!) }, ...others] },
    also,
  )

/** An attack that changes the text of the first RIM, the driver's; nothing is signed again. */
export const rimText = (name: string, targets: string, change: (rim: string) => string): GpuAttack =>
  gpuEvidence(name, targets, ({ rims: [first, ...others] }) => {
    const changed = change(first!)
    if (changed === first) throw new RangeError(`${name}: nothing was there to be changed`)
    return { rims: [changed, ...others] }
  })
