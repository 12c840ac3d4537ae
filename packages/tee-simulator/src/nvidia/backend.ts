import { DcmlError } from '@dcml/protocol'
import { type DeviceBlueprint, type GpuMachine, machineBlueprint, revocationStart } from './blueprint.ts'
import { issueReport, issueVouchers, type SimulatedGpuEvidence, type Vouchers } from './issue.ts'
import { issueVerdict, verdictBlueprint } from './nras.ts'

/** The GPUs of a simulated machine: `GpuBackend` of `@dcml/attestation`. */
export interface SimulatedGpus {
  readonly name: 'simulator'
  /**
   * Evidence of every GPU, then of every switch.
   * @param nonce 32 bytes
   * @throws DcmlError `simulator_field` where the nonce has another length
   */
  evidence(nonce: Uint8Array): Promise<readonly SimulatedGpuEvidence[]>
}

/** Most GPUs and switches that one machine has: an HGX board. */
const LARGEST = { gpus: 8, switches: 4 }

/** Plugs GPUs into a machine. @throws DcmlError `simulator_field` where there are more than a machine has room for */
export function plugIn(seed: Uint8Array, clock: () => Date, machine: GpuMachine): SimulatedGpus {
  const least = { gpus: 1, switches: 0 }
  for (const name of ['gpus', 'switches'] as const)
    if (!Number.isInteger(machine[name]) || machine[name] < least[name] || machine[name] > LARGEST[name])
      throw new DcmlError('simulator_field', `${name} is ${machine[name]}, not ${least[name]} to ${LARGEST[name]}.`, {
        hint: `A simulated machine has 1 to ${LARGEST.gpus} GPUs and at most ${LARGEST.switches} switches.`,
        details: { name },
      })
  if (machine.gpus === 1 && machine.switches > 0)
    throw new DcmlError('simulator_field', 'A switch joins at least two GPUs.', { hint: 'Ask for more GPUs.' })
  let kept: { start: number; devices: (readonly [DeviceBlueprint, Vouchers])[] } | undefined
  const devices = () => {
    const start = revocationStart(clock()).getTime()
    if (kept?.start !== start) {
      const plans = machineBlueprint(seed, clock(), machine)
      kept = { start, devices: plans.map((plan) => [plan, issueVouchers(plan)]) }
    }
    return kept.devices
  }
  return {
    name: 'simulator',
    async evidence(nonce) {
      if (nonce.length !== 32)
        throw new DcmlError('simulator_field', `nonce has ${nonce.length} bytes, not 32.`, { hint: 'Pass 32 bytes.' })
      const all = devices()
      const plans = all.map(([plan]) => plan)
      const nras = machine.nras ? issueVerdict(verdictBlueprint(seed, clock(), nonce, plans)) : undefined
      return all.map(([plan, vouchers]) => ({
        kind: plan.kind,
        report: issueReport({ ...plan, request: { ...plan.request, nonce } }),
        ...vouchers,
        ...(nras !== undefined && { nras }),
      }))
    },
  }
}
