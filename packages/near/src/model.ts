/**
 * A model's contract (paper §6) for those who pay on it and those who host it: what is attached, sent once and proven
 * is seen to here.
 * @packageDocumentation
 */
export { type OpenChannel, openChannels } from './model/channels.ts'
export { checkModelContract } from './model/code.ts'
export { checkDeployment } from './model/deployment.ts'
export { type Model, type ModelEvent, model } from './model/model.client.ts'
export { fetchOpening, type OpeningProof, type OpeningQuery } from './model/opening.ts'
export { formatPrice, parsePrice } from './model/prices.ts'
export {
  type HostOffer,
  type HostOverview,
  hostOverview,
  type ModelProvider,
  type ModelProviderOptions,
  modelProvider,
} from './model/provider.ts'
export { CHANNEL_STORAGE, PROVIDER_STORAGE, SESSION_STORAGE } from './model/storage.ts'
export { type OpeningProverOptions, openingProver } from './model/telling.ts'
export {
  type CallHook,
  type CallProof,
  type ModelTerms,
  type ModelWallet,
  type ModelWalletOptions,
  modelWallet,
  type ProviderOffer,
  type ResponseEvidence,
  type SentCall,
} from './model/wallet.ts'
