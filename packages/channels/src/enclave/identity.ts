import { type DcmlError, equalBytes } from '@dcml/protocol'
import type { ChannelTerms } from '../facts.ts'
import { refusal } from '../refuse.ts'
import type { EnclaveIdentity } from './state.ts'

/** @throws DcmlError `channel_not_ours` */
export function requireOurs(sessionKey: Uint8Array, identity: EnclaveIdentity): void {
  if (!equalBytes(sessionKey, identity.sessionKey)) throw notOurs('another session key')
}

/** @throws DcmlError `channel_not_ours` */
export function requireHost({ host }: ChannelTerms, identity: EnclaveIdentity): void {
  if (host !== identity.host) throw notOurs('another host')
}

/** @throws DcmlError `channel_not_ours` */
export function requireModel(terms: ChannelTerms, { modelH }: EnclaveIdentity, keyEpoch: bigint): void {
  if (!equalBytes(terms.modelH, modelH) || terms.keyEpoch !== keyEpoch) throw notOurs('another model or key epoch')
}

export const notOurs = (what: string): DcmlError =>
  refusal('channel_not_ours', `The channel was opened with ${what}.`, 'Ask the enclave that it was opened with.')
