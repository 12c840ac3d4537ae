/**
 * The model owner's side of DCML (paper §3, §4, §6): seal a model, publish it, hand its key to verified enclaves, offer
 * it for money and see what it earns.
 * @packageDocumentation
 */
export { type ModelCard, parseModelCard, readModelCard } from './card.ts'
export { type ModelCode, modelCode, publishModelCode } from './contract/code.ts'
export {
  type CodePlace,
  type Deployment,
  type DeploymentCost,
  type DeployOptions,
  deployModelContract,
  deploymentCost,
} from './contract/deploy.ts'
export {
  collectOwed,
  type Income,
  type IncomeOptions,
  income,
  moveIncome,
  type SettledChannel,
} from './contract/income.ts'
export type { DeploymentTerms } from './contract/opening.ts'
export type { OwnerOptions } from './contract/owner.ts'
export { type OwnerPrices, setBeneficiary, setImages, setKeyEpoch, setPrices } from './contract/terms.ts'
export { readKeyFile, writeKeyFile } from './key-file.ts'
export { type PublishedModel, type PublishOptions, publishModel } from './publish.ts'
export { type Seeded, type SeedOptions, seedEnclave } from './seed.ts'
