/**
 * Training on a machine with files: corpora, checkpoints, runs, the demo model.
 * @packageDocumentation
 */
export { demoModelPath, demoModelRecord } from './demo-model.ts'
export { speechCorpus, textCorpus } from './node/corpus.ts'
export { readCheckpoint, writeCheckpoint, writeRandomModel } from './node/files.ts'
export { runTraining, type TrainingRun } from './node/run.ts'
