import { DcmlError } from '@dcml/protocol'
import type { Collateral } from './issue.ts'
import type { SimulatedGpus } from './nvidia/backend.ts'
import { type RtmrEvent, replay } from './rtmr.ts'

/** Everything of a TEE that the owner of the machine can copy and put back: its memory and registers. */
export interface TeeSnapshot {
  readonly events: readonly RtmrEvent[]
}

/** A counter in hardware that only goes up. The owner of the machine can neither rewind nor copy it. */
export interface MonotonicCounter {
  /** Adds one and answers the new value; no two calls ever get the same one, from whichever clone they come. */
  increment(): bigint
  read(): bigint
}

/** What a simulated TD hands to a verifier: `TdxEvidence` of `@dcml/attestation`. */
export interface SimulatedEvidence {
  readonly tee: 'tdx'
  readonly quote: Uint8Array
  readonly collateral: Collateral
  readonly eventLog: Uint8Array
}

/**
 * A TEE with one workload in it: `TeeBackend` of `@dcml/attestation`, plus the switches that the owner of a machine
 * has (`snapshot`, `restore`, `clone`, `restart`) and the one thing he does not control (`counter`).
 */
export interface SimulatedTee<Cpu = SimulatedEvidence> {
  readonly name: 'simulator'
  readonly environment: 'development'
  /** The machine's GPUs, where it was given some. Snapshots and clones of the TEE share them. */
  readonly gpu?: SimulatedGpus
  /** @throws DcmlError `simulator_field` unless `reportData` has 64 bytes */
  quote(reportData: Uint8Array): Promise<Cpu>
  /**
   * Measures an event into RTMR `imr`.
   * @throws DcmlError `simulator_rtmr` unless `imr` is 0, 1, 2 or 3, and in a SEV-SNP guest, which has no such registers
   */
  extend(imr: number, event: string, payload: Uint8Array): void
  /** RTMR0 to RTMR3 as they stand, 48 bytes each; zeros in a SEV-SNP guest. */
  readonly rtmrs: readonly [Uint8Array, Uint8Array, Uint8Array, Uint8Array]
  readonly counter: MonotonicCounter
  /** 32 bytes of this platform and image, the same in every process; as public as every key of the simulator. */
  sealingKey(): Promise<Uint8Array>
  snapshot(): TeeSnapshot
  /** Rolls the TEE back to a snapshot, its own or a clone's. The counter stays where it is. */
  restore(snapshot: TeeSnapshot): void
  /** A second running copy on the same hardware: own registers from now on, the same counter. */
  clone(): SimulatedTee<Cpu>
  /** A new boot of the same workload on the same hardware: registers as after a boot, the counter goes on. */
  restart(): SimulatedTee<Cpu>
}

/** What stays the same from boot to boot and from clone to clone. */
export interface Hardware<Cpu> {
  /** Signs report data together with the state of the registers. */
  readonly attest: (reportData: Uint8Array, events: readonly RtmrEvent[], rtmrs: SimulatedTee['rtmrs']) => Cpu
  readonly gpu: SimulatedGpus | undefined
  readonly sealingKey: Uint8Array
  /** What a boot measures; undefined where there are no registers to measure into. */
  readonly booted: readonly RtmrEvent[] | undefined
}

/** Boots a TEE. */
export const startTee = <Cpu>(hardware: Hardware<Cpu>): SimulatedTee<Cpu> => run(hardware, newCounter())

function run<Cpu>(
  hardware: Hardware<Cpu>,
  counter: MonotonicCounter,
  memory: TeeSnapshot = { events: hardware.booted ?? [] },
): SimulatedTee<Cpu> {
  let events = [...memory.events]
  let rtmrs = replay(events)
  const restore = (snapshot: TeeSnapshot): void => {
    events = [...snapshot.events]
    rtmrs = replay(events)
  }
  const snapshot = (): TeeSnapshot => ({ events: [...events] })
  return {
    name: 'simulator',
    environment: 'development',
    ...(hardware.gpu && { gpu: hardware.gpu }),
    async quote(reportData) {
      return hardware.attest(reportData, events, rtmrs)
    },
    extend(imr, event, payload) {
      if (hardware.booted === undefined)
        throw new DcmlError('simulator_rtmr', 'A SEV-SNP guest has no run-time registers.', { hint: 'Start a TD.' })
      if (![0, 1, 2, 3].includes(imr))
        throw new DcmlError('simulator_rtmr', `There is no RTMR ${imr}.`, { hint: 'A TD has RTMR0 to RTMR3.' })
      restore({ events: [...events, { imr, event, payload: payload.slice() }] })
    },
    get rtmrs() {
      return rtmrs
    },
    counter,
    sealingKey: async () => hardware.sealingKey.slice(),
    snapshot,
    restore,
    clone: () => run(hardware, counter, snapshot()),
    restart: () => run(hardware, counter),
  }
}

function newCounter(): MonotonicCounter {
  let value = 0n
  return { increment: () => ++value, read: () => value }
}
