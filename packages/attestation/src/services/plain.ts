// Bare evidence of one device, and evidence of DCML's own enclaves that lies in a file.
import { equalBytes } from '@dcml/protocol'
import { Checklist } from '../checklist.ts'
import { parseClaims } from '../evidence/claims.ts'
import { parseEvidence } from '../evidence/evidence.ts'
import { verifyEvidence } from '../evidence/verify.ts'
import { Refusal } from '../x509/der.ts'
import { NO_CONNECTION, NO_NONCE, requireTlsKey, serverSpkiH } from './connection.ts'
import { judgeGpus } from './gpu.ts'
import { conclude, type JudgedPart, type Judgement, type JudgeOptions } from './judgement.ts'
import { gpuLimits, OLD_OR_RELAYED, unknownImages } from './limits.ts'
import type { NvidiaEvidence } from './nvidia.ts'
import { servicePolicy, withoutGpus } from './policy.ts'
import { judgeSnp } from './snp.ts'
import { judgeTdx } from './tdx.ts'

const WORKLOAD = 'What runs there, and who chose the report data: the evidence is of a machine, not of a workload.'

/** A GPU's nonce is judged by `gpu_nonce`, an enclave's by `nonce`. */
const NONCE_CHECK = { service_nonce: 'The report data carries the nonce that was sent.' } as const
const TLS_CHECK = { service_tls_key: 'The TLS key of the connection is the one that the evidence names.' } as const

/** Checks of evidence that comes without a service's document around it, beyond those of its TEE and GPUs. */
export const PLAIN_CHECKS = { ...NONCE_CHECK, ...TLS_CHECK } as const

/** Judges a TDX quote or a report of SEV-SNP for what it says of the machine. */
export async function judgeCpu(kind: 'tdx' | 'snp', bytes: Uint8Array, options: JudgeOptions): Promise<Judgement> {
  const cpu = await (kind === 'tdx' ? judgeTdx : judgeSnp)(bytes, options)
  const list = new Checklist(NONCE_CHECK)
  const nonce = options.connection?.nonce
  if (nonce === undefined) list.skip('service_nonce', NO_NONCE)
  else await list.run('service_nonce', [cpu.reportData], (data) => requireNonce(data, nonce))
  const part = { name: 'machine', ...cpu, ...all(cpu, list.finish(), await judgeTlsKey(undefined, options)) }
  return conclude(kind === 'tdx' ? 'Intel TDX quote' : 'AMD SEV-SNP report', [part], {
    notProven: [WORKLOAD, ...unknownImages(options), OLD_OR_RELAYED],
  })
}

/** Nothing says where a bare quote has its nonce: services put it in front, or behind what else they name. */
function requireNonce(reportData: Uint8Array, nonce: Uint8Array): void {
  const places = [reportData.subarray(0, nonce.length), reportData.subarray(reportData.length - nonce.length)]
  if (!places.some((place) => equalBytes(place, nonce)))
    throw new Refusal(
      'the report data neither begins nor ends with it; where it is hashed with more, leave it out here',
    )
}

/** Anybody can serve what names no TLS key. */
async function judgeTlsKey(attested: Uint8Array | undefined, { connection }: JudgeOptions): Promise<Judged> {
  const list = new Checklist(TLS_CHECK)
  if (serverSpkiH(connection) === undefined) list.skip('service_tls_key', NO_CONNECTION)
  else await list.run('service_tls_key', [], () => requireTlsKey(attested, connection))
  return list.finish()
}

type Judged = Pick<JudgedPart, 'ok' | 'checks'>

const all = (...judged: readonly Judged[]): Judged => ({
  ok: judged.every(({ ok }) => ok),
  checks: judged.flatMap(({ checks }) => checks),
})

/** Judges what NVIDIA's tools collected. */
export async function judgeNvidia(evidence: NvidiaEvidence, options: JudgeOptions): Promise<Judgement> {
  const gpu = await judgeGpus(evidence, options.connection?.nonce, options)
  const part: JudgedPart = { name: 'GPUs', ...gpu, ...all(gpu, await judgeTlsKey(undefined, options)) }
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
  const { purpose, tlsSpki: attested } = parseClaims(claims)
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
    // claims for a browser are compared with no TLS key, which a page cannot see; here it can be seen
    ...all(result, await judgeTlsKey(attested, options)),
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
