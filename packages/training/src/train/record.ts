import type { Corpus } from '../corpus/corpus.ts'
import type { TrainingConfig } from './config.ts'

/** What a run made and all that is needed to make it again, bit for bit. */
export interface TrainingRecord {
  version: 1
  /** Name of the model file beside the record. */
  file: string
  /** Bytes. */
  size: number
  /** SHA-256 of the file, hex. */
  sha256: string
  /** Identity of the model (paper §3), hex. */
  modelH: string
  corpus: Corpus['source']
  rawH: string
  tokensH: string
  config: TrainingConfig
  steps: number
  /** Number of weights. */
  parameters: number
  /** Mean loss on held-out text, nats per token. */
  validationLoss: number
}
