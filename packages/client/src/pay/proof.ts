import { type Bundle, firstLeg } from '@dcml/channels'
import type { Desk } from './desk.ts'
import { refusal } from './refusal.ts'
import type { ChannelWallet } from './wallet.ts'

/**
 * A proof of a call that the enclave can verify from where it stands. An enclave that slept for many epochs is taken there
 * first, as far at once as it reads.
 * @throws DcmlError `channel_deposit_undone`, `light_client_stuck`, those of {@link Desk} and of the wallet
 */
export async function proofFor(transaction: Uint8Array, desk: Desk, wallet: ChannelWallet): Promise<Bundle> {
  const call = await requireCall(transaction, wallet)
  let { state } = await desk.lightClient()
  for (;;) {
    const bundle = await wallet.prove(call, state)
    const leg = firstLeg(bundle)
    if (leg === undefined) return bundle
    const { headHash } = state
    state = (await desk.follow(leg)).state
    if (state.headHash === headHash)
      throw refusal(
        'light_client_stuck',
        'The light client of the enclave stays where it is.',
        'Ask again later, or tell its host.',
      )
  }
}

/** What became of a deposit. @throws DcmlError `channel_deposit_undone`, those of the wallet */
export async function requireCall(transaction: Uint8Array, wallet: ChannelWallet) {
  const call = await wallet.recall(transaction)
  if (call !== null) return call
  throw refusal(
    'channel_deposit_undone',
    'The chain no longer knows the deposit.',
    'It was seen before it was final, and a fork undid it. Check the account; open another channel.',
  )
}
