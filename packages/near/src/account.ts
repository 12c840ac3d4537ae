import { DcmlError } from '@dcml/protocol'
import { KeyPairSigner, type KeyPairString, type Signer } from 'near-api-js'

/** Who signs: an account and one of its keys. */
export interface NearAccount {
  readonly accountId: string
  /** near-api-js's signer: a key in memory, or your own subclass over a wallet, an HSM or a KMS. */
  readonly signer: Signer
}

/**
 * An account whose key lies in memory.
 * @param secretKey `ed25519:` and base58, as near-cli and wallets export it
 * @throws DcmlError `near_key_invalid`; the key itself is in neither message nor cause
 */
export function accountFromKey(accountId: string, secretKey: string): NearAccount {
  try {
    return { accountId, signer: KeyPairSigner.fromSecretKey(secretKey as KeyPairString) }
  } catch {
    throw new DcmlError('near_key_invalid', `The key of ${accountId} is not a NEAR secret key.`, {
      hint: 'Give it as "ed25519:…", the way near-cli exports it.',
    })
  }
}
