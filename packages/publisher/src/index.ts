/**
 * The model owner's side of DCML (paper §3, §4): seal a model, publish it, hand its key to verified enclaves.
 * @packageDocumentation
 */
export { type ModelCard, parseModelCard, readModelCard } from './card.ts'
export { readKeyFile, writeKeyFile } from './key-file.ts'
export { type PublishedModel, type PublishOptions, publishModel } from './publish.ts'
export { type Seeded, type SeedOptions, seedEnclave } from './seed.ts'
