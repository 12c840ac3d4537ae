import { type Account, contractUsage, getLocalCode } from '../../state/index.ts'
import type { Work } from './work.ts'

/** Bytes the account's code, or the name of its global contract, counts for. */
export const contractBytes = ({ chunk, receipt }: Work, { contract }: Account): bigint =>
  contractUsage(contract, contract.type === 'Local' ? (getLocalCode(chunk.state, receipt.receiverId)?.length ?? 0) : 0)

/** Nothing can be used less than not at all: patched state may count too little. */
export const less = (usage: bigint, bytes: bigint): bigint => (usage > bytes ? usage - bytes : 0n)
