// What is measured, for Node and for a page alike: the same material, judged by us and by @phala/dcap-qvl.
import {
  development,
  type GpuEvidence,
  type Policy,
  platform,
  SignatureMemory,
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
    /** Of the same machine. */
    readonly other?: TdxEvidence
    readonly root: Uint8Array
    readonly environment: 'production' | 'development'
    readonly now: Date
  }[]
  readonly snp: readonly {
    readonly name: string
    readonly evidence: SnpEvidence
    readonly other?: SnpEvidence
    readonly roots?: readonly Uint8Array[]
    readonly now: Date
    readonly policy: Policy
  }[]
  readonly gpu: {
    readonly devices: readonly GpuEvidence[]
    readonly nonce: Uint8Array
    readonly others: readonly GpuEvidence[]
    readonly otherNonce: Uint8Array
    readonly roots: readonly Uint8Array[]
    readonly now: Date
    readonly policy: Policy
  }
}

/** One thing to time; `accepted` must be true, or the time means nothing. */
export interface Case {
  readonly what: string
  readonly verifier: string
  /** Not timed. */
  prepare?(): Promise<unknown>
  run(): Promise<boolean>
}

const OTHER = '@phala/dcap-qvl 0.3.9'

type Verify = (signatures: SignatureMemory) => Promise<boolean>

/** The first evidence that a process sees, and evidence of a machine of which it has seen other. */
function firstAndLater(what: string, verifier: string, run: Verify, other?: Verify): Case[] {
  let memory = new SignatureMemory()
  const first: Case = { what, verifier, run: () => run(new SignatureMemory()) }
  if (other === undefined) return [first]
  const prepare = () => {
    memory = new SignatureMemory()
    return other(memory)
  }
  return [first, { what: `${what}, the machine known`, verifier, prepare, run: () => run(memory) }]
}

export const cases = ({ tdx, snp, gpu }: Material): Case[] => [
  ...tdx.flatMap(tdxCases),
  ...snp.flatMap(snpCases),
  ...gpuCases(gpu),
]

function tdxCases({ name, evidence, other, root, environment, now }: Material['tdx'][number]): Case[] {
  const policy = environment === 'production' ? platform : development()
  const peer = QuoteVerifier.newWithRootCa(Buffer.from(root))
  const verify =
    ({ quote, collateral }: TdxEvidence): Verify =>
    async (signatures) =>
      (await verifyTdxQuote({ quote, collateral, roots: [root], now, policy, signatures })).ok
  return [
    ...firstAndLater(`TDX, ${name}`, 'verifyTdxQuote', verify(evidence), other && verify(other)),
    {
      what: `TDX, ${name}`,
      verifier: OTHER,
      run: async () =>
        peer.verify(Buffer.from(evidence.quote), evidence.collateral, now.getTime() / 1000).status === 'UpToDate',
    },
  ]
}

function snpCases({ name, evidence, other, ...circumstances }: Material['snp'][number]): Case[] {
  const verify =
    (report: SnpEvidence): Verify =>
    async (signatures) =>
      (await verifySnpReport({ ...report, ...circumstances, signatures })).ok
  return firstAndLater(`SNP, ${name}`, 'verifySnpReport', verify(evidence), other && verify(other))
}

function gpuCases({ devices, nonce, others, otherNonce, roots, ...circumstances }: Material['gpu']): Case[] {
  const judge = (signatures: SignatureMemory, all: readonly GpuEvidence[], signed: Uint8Array) =>
    verifyGpuEvidence({
      ...circumstances,
      devices: all,
      nonce: signed,
      roots: { device: roots, rim: roots },
      signatures,
    })
  const whole =
    (all: readonly GpuEvidence[], signed: Uint8Array): Verify =>
    async (signatures) =>
      (await judge(signatures, all, signed)).ok
  // without its RIMs it is refused, after everything before them has been judged
  const alone =
    ([device]: readonly GpuEvidence[], signed: Uint8Array): Verify =>
    async (signatures) => {
      const { checks } = await judge(signatures, [{ ...device!, rims: [], revocations: [] }], signed)
      return checks.some(({ name, status }) => name === 'gpu_signature' && status === 'pass')
    }
  return [
    ...firstAndLater(
      'GPU, one, with RIMs and OCSP',
      'verifyGpuEvidence',
      whole(devices, nonce),
      whole(others, otherNonce),
    ),
    ...firstAndLater(
      'GPU, one, signature and chain alone',
      'verifyGpuEvidence',
      alone(devices, nonce),
      alone(others, otherNonce),
    ),
  ]
}
