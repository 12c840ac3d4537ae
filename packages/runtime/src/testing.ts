/**
 * What a test of the runtime, or of another engine, starts from.
 * @packageDocumentation
 */
export { type ComplianceCase, engineCompliance } from './testing/engine-compliance.ts'
export { startFakeVllm } from './testing/fake-vllm.ts'
export { type Script, type ScriptedReply, scriptedLoader } from './testing/scripted.ts'
export { teeBackendCompliance } from './testing/tee-compliance.ts'
