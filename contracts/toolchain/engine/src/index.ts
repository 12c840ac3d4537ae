export { type Engine, loadEngine } from './load.ts'
export type { EngineFile, EngineManifest } from './manifest.ts'
