/**
 * The program inside the CVM: TEE backends, engines, the attested API, receipts.
 * @packageDocumentation
 */
export { type ChainDevice, type ChainOptions, chainDevice } from './anti-rollback/chain/device.ts'
export {
  ANCHOR_STORAGE,
  type AnchorCall,
  type AnchorRefusal,
  type AnchorRelay,
} from './anti-rollback/chain/relay.ts'
export type { AntiRollbackDevice } from './anti-rollback/device.ts'
export { type MonotonicCounter, memoryDevice } from './anti-rollback/memory.ts'
export { type QuorumDevice, type QuorumOptions, quorumDevice } from './anti-rollback/quorum/device.ts'
export type { PeerAddress } from './anti-rollback/quorum/line.ts'
export { type Tpm2Device, type Tpm2Options, tpm2Device } from './anti-rollback/tpm2/tpm2.ts'
export { type TpmTransport, tpmDevice } from './anti-rollback/tpm2/transport.ts'
export type { BrowserOptions } from './browser/listener.ts'
export type {
  ChatMessage,
  ChatRequest,
  CompletionRequest,
  EmbeddingRequest,
  Engine,
  EngineEvent,
  EngineInfo,
  EngineLoader,
  EngineLog,
  FinishReason,
  ModelFile,
  SamplingOptions,
  TokenLogprob,
} from './engine/engine.ts'
export { type LlamaCppOptions, llamaCppLoader } from './engine/llama/load.ts'
export { type OpenAiUpstreamOptions, openAiUpstreamLoader } from './engine/upstream/load.ts'
export type { Limits } from './limits.ts'
export type { Listener, ListenOptions } from './listener.ts'
export type { ModelState, ReadyModel } from './model/host.ts'
export type { LoadProgress, ModelSource, OpenedModel, SealedModel } from './model/source.ts'
export type { Runtime, RuntimeOptions } from './options.ts'
export { type PorHandler, type RuntimeHandlersOptions, runtimeHandlers } from './por/host.ts'
export { startRuntime } from './server.ts'
export { openSealedState, type SealedState, type SealedStateOptions } from './state/sealed-state.ts'
export { compareSources } from './tee/collateral/compare.ts'
export { type KeepOptions, keepFresh } from './tee/collateral/keep.ts'
export type { Kind, Source, SourceLog } from './tee/collateral/source.ts'
export type { Window } from './tee/collateral/window.ts'
export { type ConfigfsTsmOptions, configfsTsm } from './tee/configfs-tsm.ts'
export { type DstackBackend, type DstackOptions, dstackAgent } from './tee/dstack.ts'
export { type NvidiaGpusOptions, nvidiaGpus } from './tee/nvidia/gpus.ts'
export type { RunTool } from './tee/nvidia/nvattest.ts'
export {
  ocspResponder,
  type RevocationQuestion,
  type RevocationSource,
  revocationSource,
} from './tee/nvidia/ocsp.ts'
export { type RimSource, rimFolder, rimService, rimSource } from './tee/nvidia/rims.ts'
export { amdKds, snpCertificateFolder, snpCertificateSource } from './tee/snp/certificates.ts'
export type { SnpCertificateSource, SnpCertificates, SnpQuestion } from './tee/snp/kind.ts'
export { collateralFile, collateralService, collateralSource } from './tee/tdx/collateral.ts'
export { CCEL } from './tee/tdx/event-log.ts'
export type { CollateralSource } from './tee/tdx/kind.ts'
export type { ReportFs } from './tee/tsm-report.ts'
export { type OpenedWeights, openPlain, openWeights } from './weights/open.ts'
export { sealedModels } from './weights/source.ts'
export { type AnonymousStore, type AnonymousStoreOptions, openAnonymousStore } from './weights/store.ts'
