// Bare evidence of one device, and evidence of DCML's own enclaves that lies in a file.
import { parseClaims } from '../evidence/claims.ts'
import { parseEvidence } from '../evidence/evidence.ts'
import { verifyEvidence } from '../evidence/verify.ts'
import { serverSpkiH } from './connection.ts'
import { judgeGpus } from './gpu.ts'
import { conclude, type JudgedPart, type Judgement, type JudgeOptions } from './judgement.ts'
import { gpuLimits, OLD_OR_RELAYED, unknownImages } from './limits.ts'
import type { NvidiaEvidence } from './nvidia.ts'
import { servicePolicy, withoutGpus } from './policy.ts'
import { judgeSnp } from './snp.ts'
import { judgeTdx } from './tdx.ts'

const WORKLOAD = 'What runs there, and who chose the report data: the evidence is of a machine, not of a workload.'

/** Judges a TDX quote or a report of SEV-SNP for what it says of the machine. */
export async function judgeCpu(kind: 'tdx' | 'snp', bytes: Uint8Array, options: JudgeOptions): Promise<Judgement> {
  const cpu = await (kind === 'tdx' ? judgeTdx : judgeSnp)(bytes, options)
  const part = { name: 'machine', ...cpu }
  return conclude(kind === 'tdx' ? 'Intel TDX quote' : 'AMD SEV-SNP report', [part], {
    notProven: [WORKLOAD, ...unknownImages(options), OLD_OR_RELAYED],
  })
}

/** Judges what NVIDIA's tools collected. */
export async function judgeNvidia(evidence: NvidiaEvidence, options: JudgeOptions): Promise<Judgement> {
  const gpu = await judgeGpus(evidence, options.connection?.nonce, options)
  const part: JudgedPart = { name: 'GPUs', ...gpu }
  return conclude('NVIDIA GPU evidence', [part], {
    notProven: [
      'Which machine the GPUs are in: there is no evidence of a CPU.',
      ...gpuLimits(true, 'are not tied at all'),
      OLD_OR_RELAYED,
    ],
  })
}

/** Judges evidence of a DCML enclave, without the session that it was made for where there is no connection. */
export async function judgeDcml(evidence: unknown, options: JudgeOptions): Promise<Judgement> {
  const { now, policy = servicePolicy, roots, connection } = options
  const { claims, gpu } = parseEvidence(evidence)
  const { purpose } = parseClaims(claims)
  const tlsSpki = serverSpkiH(connection)
  const result = await verifyEvidence({
    evidence,
    policy: gpu.length > 0 ? policy : withoutGpus(policy),
    now,
    ...(roots && { roots }),
    expect: { purpose, ...(connection?.nonce && { nonce: connection.nonce }), ...(tlsSpki && { tlsSpki }) },
  })
  const part: JudgedPart = {
    name: 'enclave',
    ok: result.ok,
    checks: result.checks,
    environment: result.environment,
    facts: { purpose },
    needs: [],
  }
  return conclude('DCML', [part], {
    warnings: result.warnings.filter(({ code }) => code !== 'development'),
    notProven: [
      'That this enclave is the one you talk to: without the TLS exporter of a connection, evidence is tied to none.',
      ...unknownImages(options),
    ],
  })
}
