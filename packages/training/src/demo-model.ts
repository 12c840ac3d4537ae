import { fileURLToPath } from 'node:url'
import record from '../model/record.json' with { type: 'json' }
import type { TrainingRecord } from './train/record.ts'

/** Where the demo model of this package lies: a byte-level chat model of 1.1 million weights, F16 GGUF. */
export const demoModelPath = (): string => fileURLToPath(new URL(`../model/${record.file}`, import.meta.url))

/** What the demo model was trained on and how. */
export const demoModelRecord: TrainingRecord = record as TrainingRecord
