import type { ModelFile } from '../engine/engine.ts'

/** How far a model has been opened, in plaintext bytes. */
export interface LoadProgress {
  readonly done: number
  readonly total: number
}

/** A model whose plaintext is in memory and matched its modelH. */
export interface OpenedModel {
  readonly files: readonly ModelFile[]
  /** Gives the memory back, as far as no engine maps it. */
  close(): Promise<void>
}

/** A sealed model on the host's disk, its header read and nothing opened. */
export interface SealedModel {
  readonly modelH: Uint8Array
  /** What clients call it. */
  readonly name: string
  /** Plaintext bytes. */
  readonly size: number
  /** Whether this key opens it, without opening it. */
  unlocks(sk: Uint8Array): Promise<boolean>
  /**
   * Decrypts into memory and checks modelH before it resolves.
   * @throws DcmlError with the weights' own codes; nothing stays in memory then
   */
  open(
    sk: Uint8Array,
    options: { signal: AbortSignal; onProgress: (progress: LoadProgress) => void },
  ): Promise<OpenedModel>
}

/** Reads the header of the sealed model at a path of the host's. */
export type ModelSource = (path: string) => Promise<SealedModel>
