/**
 * What produced this model? A deterministic training engine and GGUF. No I/O: files are handled by
 * `@dcml/training/node`.
 * @packageDocumentation
 */
export { type Corpus, chatCorpus, tokenCorpus } from './corpus/corpus.ts'
export { detokenize, SPECIAL_TOKENS, tokenize, VOCABULARY } from './corpus/tokenizer.ts'
export { encodeModel, type ModelFileOptions, type Precision } from './gguf/model-file.ts'
export { type RandomModelOptions, randomModel } from './gguf/random-model.ts'
export { type ModelConfig, parseModelConfig } from './model/config.ts'
export { Network } from './model/network.ts'
export { type Parameter, parameterCount, parameters } from './model/parameters.ts'
export { type Checkpoint, checkResume, decodeCheckpoint, encodeCheckpoint } from './train/checkpoint.ts'
export { DEFAULT_TRAINING, learningRate, parseTrainingConfig, type TrainingConfig } from './train/config.ts'
export { type GenerateOptions, generate } from './train/generate.ts'
export type { TrainingRecord } from './train/record.ts'
export { type StepResult, Trainer, type TrainerState } from './train/trainer.ts'
