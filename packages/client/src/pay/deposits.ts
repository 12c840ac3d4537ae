// Deposits: shown to the enclave as often as it takes, and added to.
import type { Bundle } from '@dcml/channels'
import { parseTrustRoot } from '@dcml/light-client'
import { perform, settleCall } from './calls.ts'
import type { Desk } from './desk.ts'
import { proofFor, requireCall } from './proof.ts'
import type { Purse } from './purse.ts'
import type { Unproven } from './record.ts'
import { refusal } from './refusal.ts'
import type { ChannelWallet } from './wallet.ts'

/**
 * Shows every deposit to the enclave that it has not been shown yet: `establish_payment_channel`, and the same for top-ups.
 * Without a wallet it takes the proofs that were carried along.
 * @throws DcmlError `channel_proof_missing`, `payment_deposit_denied`, those of {@link Desk} and of the wallet
 */
export async function proveDeposits(purse: Purse, desk: Desk, wallet: ChannelWallet | undefined): Promise<void> {
  for (const item of purse.record.unproven) {
    const bundle = wallet === undefined ? item.bundle : await proofFor(item.transaction, desk, wallet)
    if (bundle === null)
      throw refusal(
        'channel_proof_missing',
        'There is no proof of the deposit, and no wallet to fetch one.',
        'Export the channel where it was opened, with its proofs, and import it here.',
      )
    const { channelId, deposited } = await desk.prove(item.act, bundle)
    const { payer } = purse
    if (channelId !== payer.terms.channelId || deposited > payer.deposited)
      throw refusal(
        'payment_deposit_denied',
        'The enclave answers the proof of a deposit with another channel, or more than was deposited.',
        'Sign no voucher; close the channel.',
        { channelId, deposited },
      )
    await purse.change((record) => ({ ...record, unproven: record.unproven.filter((other) => !same(other, item)) }))
  }
}

const same = (a: Unproven, b: Unproven): boolean => a.act === b.act && a.transaction === b.transaction

/** Fetches the proofs that an isolated enclave will be shown. @throws those of the wallet, `channel_deposit_undone` */
export async function carryProofs(purse: Purse, wallet: ChannelWallet): Promise<void> {
  const { lightClient, unproven } = purse.record
  if (lightClient === null) return
  const from = parseTrustRoot(lightClient)
  const bundles = new Map<Uint8Array, Bundle>()
  for (const { transaction, bundle } of unproven)
    if (bundle === null) bundles.set(transaction, await wallet.prove(await requireCall(transaction, wallet), from))
  await purse.change((record) => ({
    ...record,
    unproven: record.unproven.map((item) => ({ ...item, bundle: bundles.get(item.transaction) ?? item.bundle })),
  }))
}

/** Adds to the deposit on chain. @throws DcmlError `channel_closing`, those of the wallet */
export async function addDeposit(purse: Purse, wallet: ChannelWallet, amount: bigint): Promise<void> {
  if (amount <= 0n) throw refusal('payment_policy_invalid', 'Nothing is added.', 'Give an amount in yoctoNEAR.')
  await settleCall(purse, wallet)
  const { closing, settled } = purse.payer
  if (closing !== null || settled !== null)
    throw refusal('channel_closing', 'The channel is being closed.', 'Open another channel.')
  const { channelId } = purse.payer.terms
  await perform(purse, 'top-up', (hooks) => wallet.topUp(channelId, amount, hooks))
}
