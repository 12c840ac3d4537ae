import type { GpuBackend, GpuEvidence } from '@dcml/attestation'
import { DcmlError } from '@dcml/protocol'
import { told } from '../collateral/compare.ts'
import { askCurrent, type SourceLog } from '../collateral/source.ts'
import { readX509 } from '../collateral/window.ts'
import { collectEvidence, type DeviceReport, type RunTool, runTool } from './nvattest.ts'
import type { RevocationQuestion, RevocationSource } from './ocsp.ts'
import { rimIds } from './rim-id.ts'
import { type RimSource, rimCertificates } from './rims.ts'

/** @see nvidiaGpus */
export interface NvidiaGpusOptions {
  /** Reference measurements of driver and firmware. */
  readonly rims: RimSource
  /** Revocation of the certificates of devices and RIMs. Left out: verifiers must be told to do without. */
  readonly revocations?: RevocationSource
  /** Whether the machine has NVSwitches that belong to it (protected PCIe, eight GPUs). Default no. */
  readonly switches?: boolean
  readonly log: SourceLog
  /** NVIDIA's tool. Default `nvattest`, found in PATH. */
  readonly tool?: string
  /** Stands in for the running of the tool in tests. */
  readonly run?: RunTool
  /** Unix time in milliseconds, to know what has expired. Default `Date.now`. */
  readonly clock?: () => number
}

/**
 * NVIDIA GPUs in confidential computing mode, and their switches, by the driver's tool: `nvattest` of NVIDIA's attestation
 * SDK collects what they sign; RIMs and OCSP responses are stapled, so that verifiers need no service of NVIDIA's.
 *
 * A certificate for which the responder has no answer goes without one; verifiers decide whether it needs one.
 */
export function nvidiaGpus(options: NvidiaGpusOptions): GpuBackend {
  const { rims, revocations, switches = false, log, tool = 'nvattest', run = runTool, clock = Date.now } = options

  /** Statements for all certificates but roots and the device's own, which lives as long as its firmware. */
  async function revoked(certificates: readonly Uint8Array[], from: number): Promise<Uint8Array[]> {
    if (revocations === undefined) return []
    const questions = certificates.slice(from, -1).map((certificate, i): RevocationQuestion => {
      return { certificate, issuer: certificates[from + i + 1]! }
    })
    const answers = await Promise.all(
      questions.map((question) =>
        askCurrent(revocations, question, clock).catch((error: unknown) => {
          log.warn({ what: revocations.kind.name(question), error: told(error) }, 'no revocation statement')
          return undefined
        }),
      ),
    )
    return answers.filter((answer) => answer !== undefined)
  }

  async function complete(kind: GpuEvidence['kind'], device: DeviceReport): Promise<GpuEvidence> {
    const texts = await Promise.all(rimIds({ kind, ...device }).map((id) => askCurrent(rims, id, clock)))
    const chain = device.certificates
      .split(/(?<=-----END CERTIFICATE-----\n)/)
      .map((pem) => Uint8Array.from(readX509(pem).raw))
    const lists = await Promise.all([revoked(chain, 1), ...texts.map((xml) => revoked(rimCertificates(xml), 0))])
    return { kind, ...device, rims: texts, revocations: distinct(lists.flat()) }
  }

  return {
    name: 'nvidia',
    async evidence(nonce, { signal } = {}) {
      if (nonce.length !== 32)
        throw new DcmlError('gpu_nonce', `The nonce has ${nonce.length} bytes, not 32.`, { hint: 'Pass gpuNonce.' })
      // one after the other: the tool has the driver to itself
      const gpus = await collectEvidence('gpu', nonce, { tool, run, signal })
      const others = switches ? await collectEvidence('nvswitch', nonce, { tool, run, signal }) : []
      return Promise.all([
        ...gpus.map((device) => complete('gpu', device)),
        ...others.map((device) => complete('switch', device)),
      ])
    },
  }
}

const distinct = (all: readonly Uint8Array[]): Uint8Array[] => [
  ...new Map(all.map((bytes) => [Buffer.from(bytes).toString('base64'), bytes])).values(),
]
