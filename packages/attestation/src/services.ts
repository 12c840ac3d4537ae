/**
 * Evidence that other services publish, judged by the same named checks.
 * @packageDocumentation
 */
export type { DstackEvidence } from './services/dstack/evidence.ts'
export { DSTACK_CHECKS } from './services/dstack/judge.ts'
export { judge } from './services/judge.ts'
export type {
  Connection,
  Exchange,
  Judgement,
  JudgeOptions,
  Need,
  Part,
  ServiceWarning,
  SnpCertificates,
} from './services/judgement.ts'
export { NEAR_CHECKS, NEAR_MANAGER_CHECKS, NEAR_SIGNATURE_CHECKS } from './services/near-ai/checks.ts'
export type { NearMachine, NearReport } from './services/near-ai/report.ts'
export type { NearSignature } from './services/near-ai/signature.ts'
export type { NvidiaEvidence } from './services/nvidia.ts'
export { PLAIN_CHECKS } from './services/plain.ts'
export { servicePolicy } from './services/policy.ts'
export { MAX_SERVICE_EVIDENCE, recognise } from './services/recognise.ts'
export type { Recognised } from './services/recognised.ts'
export type { TinfoilEvidence, TinfoilV2, TinfoilV3 } from './services/tinfoil/document.ts'
export { TINFOIL_CHECKS } from './services/tinfoil/judge.ts'
