// What is measured, for Node and for a page alike: the same material, judged by us and by @phala/dcap-qvl.
import {
  development,
  type GpuEvidence,
  type Policy,
  platform,
  type SnpEvidence,
  type TdxEvidence,
  verifyGpuEvidence,
  verifySnpReport,
  verifyTdxQuote,
} from '@dcml/attestation'
import { QuoteVerifier } from '@phala/dcap-qvl'
// in a page this is the package of that name
import { Buffer } from 'buffer'

/** Evidence of one kind with the time and roots to judge it by. */
export interface Material {
  readonly tdx: readonly {
    readonly name: string
    readonly evidence: TdxEvidence
    readonly root: Uint8Array
    readonly environment: 'production' | 'development'
    readonly now: Date
  }[]
  readonly snp?: { readonly name: string; readonly evidence: SnpEvidence; readonly now: Date; readonly policy: Policy }
  readonly gpu: {
    readonly devices: readonly GpuEvidence[]
    readonly nonce: Uint8Array
    readonly roots: readonly Uint8Array[]
    readonly now: Date
    readonly policy: Policy
  }
}

/** One thing to time; `accepted` must be true, or the time means nothing. */
export interface Case {
  readonly what: string
  readonly verifier: string
  run(): Promise<boolean>
}

const OTHER = '@phala/dcap-qvl 0.3.9'

export function cases(material: Material): Case[] {
  const { gpu, snp } = material
  const all: Case[] = material.tdx.flatMap(({ name, evidence, root, environment, now }) => {
    const { quote, collateral } = evidence
    const policy = environment === 'production' ? platform : development()
    const other = QuoteVerifier.newWithRootCa(Buffer.from(root))
    return [
      {
        what: `TDX, ${name}`,
        verifier: 'verifyTdxQuote',
        run: async () => (await verifyTdxQuote({ quote, collateral, roots: [root], now, policy })).ok,
      },
      {
        what: `TDX, ${name}`,
        verifier: OTHER,
        run: async () => other.verify(Buffer.from(quote), collateral, now.getTime() / 1000).status === 'UpToDate',
      },
    ]
  })
  if (snp !== undefined)
    all.push({
      what: `SNP, ${snp.name}`,
      verifier: 'verifySnpReport',
      run: async () => (await verifySnpReport({ ...snp.evidence, now: snp.now, policy: snp.policy })).ok,
    })
  const roots = { device: gpu.roots, rim: gpu.roots }
  const [device] = gpu.devices
  all.push(
    {
      what: 'GPU, one, with RIMs and OCSP',
      verifier: 'verifyGpuEvidence',
      run: async () => (await verifyGpuEvidence({ ...gpu, roots })).ok,
    },
    {
      what: 'GPU, one, signature and chain alone',
      verifier: 'verifyGpuEvidence',
      // without its RIMs it is refused, after everything before them has been judged
      run: async () => {
        const bare = { ...device!, rims: [], revocations: [] }
        const { checks } = await verifyGpuEvidence({ ...gpu, devices: [bare], roots })
        return checks.some(({ name, status }) => name === 'gpu_signature' && status === 'pass')
      },
    },
  )
  return all
}
