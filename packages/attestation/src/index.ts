export { browserSessionMessage, EXPORTER_LABEL, type Expectation, sessionMessage } from './channel/binding.ts'
export { AttestationRefused } from './channel/refused.ts'
export {
  type AttestAnswer,
  type AttestRequest,
  EVIDENCE_PATH,
  formatAttestRequest,
  parseAttestAnswer,
  parseAttestRequest,
  type UnverifiedAnswer,
} from './channel/wire.ts'
export type { Check, CheckStatus, Environment } from './check.ts'
export { CLAIMS_CHECKS, FORMAT_CHECKS } from './evidence/checklist.ts'
export { type Claims, encodeClaims, type Purpose, parseClaims, reportData } from './evidence/claims.ts'
export type { Platform } from './evidence/cpu.ts'
export {
  eventDigest,
  formatEventLog,
  IMAGE_EVENT,
  type LogEvent,
  parseEventLog,
  READY_EVENT,
  replayEventLog,
} from './evidence/event-log.ts'
export {
  type Evidence,
  type EvidenceJson,
  evidenceToJson,
  formatEvidence,
  MAX_EVIDENCE_BYTES,
  parseEvidence,
} from './evidence/evidence.ts'
export { gpuEvidenceH, gpuNonce } from './evidence/gpu.ts'
export { jsonMember } from './evidence/json-members.ts'
export { type ImageManifest, imageH, parseImageManifest, type WorkloadTerms } from './evidence/manifest.ts'
export {
  type Attested,
  type EvidenceResult,
  type Refused,
  type VerifyEvidenceOptions,
  verifyEvidence,
} from './evidence/verify.ts'
export type { Warning } from './evidence/warnings.ts'
export { type DstackManifest, parseWorkloadManifest, type WorkloadManifest } from './evidence/workload.ts'
export {
  type AcceptOptions,
  type Channel,
  type ChannelOffer,
  offerChannel,
} from './hpke-channel/client.ts'
export {
  type AnswerSealer,
  type ChannelProof,
  ChannelSessions,
  type ChannelSessionsOptions,
  type NewSession,
  type OpenedRequest,
} from './hpke-channel/enclave.ts'
export type { Exchanges, OpenedAnswer, SealedRequest } from './hpke-channel/exchange.ts'
export type { AnswerHead, HeaderList, RequestHead } from './hpke-channel/head.ts'
export type { KeyPair, SessionTerms } from './hpke-channel/keys.ts'
export {
  CHANNEL_ATTEST_PATH,
  type ChannelAnswer,
  type ChannelRequest,
  MAX_CHANNEL_ANSWER_BYTES,
  MAX_CHANNEL_REQUEST_BYTES,
  parseChannelRequest,
} from './hpke-channel/wire.ts'
export { type CcelEvent, MAX_CCEL_BYTES, readCcel } from './logs/ccel.ts'
export { type DstackEvent, MAX_DSTACK_LOG_BYTES, readDstackLog } from './logs/dstack.ts'
export { GPU_CHECKS, type GpuCheckName } from './nvidia/checklist.ts'
export { type DeviceFields, type GpuFields, type GpuMode, readGpuFields, type SwitchFields } from './nvidia/fields.ts'
export { gpuRimIds } from './nvidia/rim-ids.ts'
export { type GpuReport, readGpuReport } from './nvidia/spdm.ts'
export {
  type GpuDevice,
  type GpuVerification,
  type VerifyGpuEvidenceOptions,
  verifyGpuEvidence,
} from './nvidia/verify.ts'
export { strictKeyPolicy } from './policy/key-release.ts'
export {
  type Binding,
  type GpuPolicy,
  type ImageMeasurements,
  type Policy,
  type PolicyInput,
  parsePolicy,
  type SnpImage,
  type SnpProduct,
  type SnpTcb,
} from './policy/policy.ts'
export { clientDefault, development, keyRelease, platform } from './policy/presets.ts'
export type { Root } from './roots/trust.ts'
export {
  MAX_SEALED_ANSWER,
  MAX_SEALED_QUESTION,
  type OpenedQuestion,
  openQuestion,
  type SealedQuestion,
  sealQuestion,
} from './sealed/sealed.ts'
export type { SnpSigner } from './snp/accept.ts'
export { SNP_CHECKS, type SnpCheckName } from './snp/checklist.ts'
export { readSnpIdentity, readSnpSignature, type SnpIdentity } from './snp/identity.ts'
export { readReport as readSnpReport, type SnpReport } from './snp/report.ts'
export { type SnpVerification, type VerifySnpReportOptions, verifySnpReport } from './snp/verify.ts'
export type { SnpTcbLevels } from './snp/verify-report.ts'
export { TDX_CHECKS, type TdxCheckName } from './tdx/checklist.ts'
export { mrConfigId, type NamesImage } from './tdx/config-id.ts'
export { explainTcb, type ShortSvn, type Statement, type TcbExplanation } from './tdx/explain.ts'
export type { Platform as TdxPlatform } from './tdx/pck.ts'
export type { TdReport } from './tdx/quote.ts'
export type { Remedy, RemedyKind } from './tdx/remedy.ts'
export type { TcbStatus } from './tdx/tcb-status.ts'
export { type TdxVerification, type VerifyTdxQuoteOptions, verifyTdxQuote } from './tdx/verify.ts'
export type {
  CpuEvidence,
  GpuBackend,
  GpuEvidence,
  SnpEvidence,
  TdxCollateral,
  TdxEvidence,
  TeeBackend,
} from './tee.ts'
export { SignatureMemory } from './x509/memory.ts'
