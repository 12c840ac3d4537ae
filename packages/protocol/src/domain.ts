import { bytes32, type Infer, struct, text, u8 } from './borsh.ts'

/** Where a signed object counts: a NEAR network and a contract account. */
export interface Chain {
  /** NEAR network id, or `none` where no chain is involved. */
  readonly networkId: string
  /** Contract account, empty where no contract is involved. */
  readonly contract: string
}

/** The chain of an enclave that serves without payment. */
export const NO_CHAIN: Chain = { networkId: 'none', contract: '' }

const domainLayout = struct({
  /** ASCII tag of the object's kind, such as `dcml/receipt`. */
  tag: text(32),
  /** Format version of that kind. */
  version: u8,
  networkId: text(64),
  contract: text(64),
  /** What the object is about; each kind says which 32 bytes these are. */
  subject: bytes32,
})

/**
 * First field of every object that is signed or passed on, so that a signature made for one kind, chain, contract
 * or subject is worthless for every other.
 */
export type Domain = Infer<typeof domainLayout>
export { domainLayout }
