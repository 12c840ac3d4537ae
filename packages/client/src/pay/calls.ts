// Calls of the contract, each noted before it leaves and again when it has happened. Whatever a crash cuts off in between
// is looked up with the signed bytes, so nothing is paid twice and nothing is lost sight of.
import {
  type ContractEvent,
  closeStarted,
  openPayer,
  readClosed,
  readCloseStarted,
  readOpened,
  readToppedUp,
  STANDARD,
  settlePayer,
  topUpPayer,
} from '@dcml/channels'
import { DcmlError } from '@dcml/protocol'
import type { Purse } from './purse.ts'
import type { Act, ChannelRecord } from './record.ts'
import { refusal } from './refusal.ts'
import type { CallOptions, ChannelWallet, SentCall } from './wallet.ts'

/** Makes a call and takes in what it did. @throws DcmlError those of the wallet, `channel_call_silent`, `channel_store_failed` */
export async function perform(
  purse: Purse,
  act: Act,
  send: (options: CallOptions) => Promise<SentCall>,
): Promise<SentCall> {
  const onSigned: CallOptions['onSigned'] = async ({ transaction }) =>
    void (await purse.change((record) => ({ ...record, call: { act, transaction } })))
  const sent = await send({ onSigned })
  await purse.change((record) => noted(record, act, sent, purse.clock()))
  return sent
}

/**
 * Finds out what became of a call whose outcome was not noted.
 * @throws DcmlError those of the wallet: nobody can say yet
 */
export async function settleCall(purse: Purse, wallet: ChannelWallet): Promise<void> {
  const { call } = purse.record
  if (call === null) return
  const sent = await wallet.recall(call.transaction)
  await purse.change((record) =>
    sent === null ? { ...record, call: null } : noted(record, call.act, sent, purse.clock()),
  )
}

/**
 * The same where perhaps nobody ever will say: to end a channel takes no answer, as the contract takes each step once.
 * @throws DcmlError those of the wallet, for now
 */
export async function settleIfKnown(purse: Purse, wallet: ChannelWallet): Promise<void> {
  try {
    await settleCall(purse, wallet)
  } catch (error) {
    if (!DcmlError.isInstance(error) || error.code !== 'near_outcome_unknown') throw error
  }
}

/** The record after a call that happened. */
function noted(record: ChannelRecord, act: Act, sent: SentCall, now: number): ChannelRecord {
  const { wanted, policy, payer } = record
  const { chain } = wanted
  const find = (...names: string[]): ContractEvent => {
    const event = sent.events.find(
      (item) => item.contractId === chain.contract && item.standard === STANDARD && names.includes(item.event),
    )
    if (event !== undefined) return event
    throw refusal(
      'channel_call_silent',
      `The call ${act} logged no event ${names.join(' or ')}.`,
      'The contract is not the one this version knows.',
      { hash: sent.hash },
    )
  }
  const done = { ...record, call: null }
  if (act === 'open') {
    const opened = openPayer(readOpened(find('channel_opened'), chain), wanted, policy)
    return { ...done, payer: opened, unproven: [{ act, transaction: sent.transaction, known: 0n, bundle: null }] }
  }
  if (payer === null) return done
  if (act === 'top-up') {
    // the newest top-up says what is deposited in all, so it stands for those before
    const earlier = record.unproven.filter((item) => item.act === 'open')
    const known = record.unproven.find((item) => item.act === 'top-up')?.known ?? payer.deposited
    return {
      ...done,
      payer: topUpPayer(payer, readToppedUp(find('channel_topped_up'), chain)),
      unproven: [...earlier, { act, transaction: sent.transaction, known, bundle: null }],
    }
  }
  if (act === 'start-close')
    return { ...done, payer: closeStarted(payer, readCloseStarted(find('close_started'), chain), now) }
  // the Proof of Response contract was asked, and saw no fault: the channel is as before
  if (sent.events.some(({ contractId, event }) => contractId === chain.contract && event === 'fault_denied'))
    return done
  return { ...done, payer: settlePayer(payer, readClosed(find('channel_closed', 'channel_forfeited'), chain), now) }
}
