// From the last voucher to the last event, whoever is silent (paper §6). Every step can be taken again after a crash.
import { type ClosingStep, closeArguments, closeStarted, closingStep, stopPaying, takeApproval } from '@dcml/channels'
import { DcmlError, formatClosureRequest, parseApproval, signClosureRequest } from '@dcml/protocol'
import { perform, settleIfKnown } from './calls.ts'
import type { Desk } from './desk.ts'
import { proofFor } from './proof.ts'
import type { Purse } from './purse.ts'
import type { ChannelWallet } from './wallet.ts'

/** How to close. */
export interface CloseOptions {
  /** Waits for the end, through the challenge period if it comes to that. Default: returns where it has to wait. */
  readonly wait?: boolean
  /** How long to ask a silent enclave before closing without it, which costs the fee. Milliseconds, default 600,000. */
  readonly patienceMs?: number
  /** Ends the waiting. */
  readonly signal?: AbortSignal
}

/** How far a channel is closed. */
export type Closure =
  /** @param settled yoctoNEAR paid to owner and host; null where somebody else's call ended it, whose event says how */
  | { readonly done: true; readonly settled: bigint | null }
  /** Call `close` again from this time on. */
  | {
      readonly done: false
      readonly next: ClosingStep['act']
      /** Unix ms. */
      readonly at: number
      /** Why the step before did not succeed. */
      readonly why?: DcmlError
    }

const PATIENCE_MS = 600_000
const RETRY_MS = 5_000

interface Parties {
  readonly purse: Purse
  readonly desk: Desk
  readonly wallet: ChannelWallet | undefined
}

/** Takes every step that can be taken now. @throws DcmlError those of the wallet, `channel_store_failed`; the signal's reason */
export async function closeChannel(parties: Parties, options: CloseOptions = {}): Promise<Closure> {
  const { purse, wallet } = parties
  const { wait = false, patienceMs = PATIENCE_MS, signal } = options
  let why: DcmlError | undefined
  for (;;) {
    signal?.throwIfAborted()
    if (wallet !== undefined) await settleIfKnown(purse, wallet)
    if (purse.record.gone) return { done: true, settled: null }
    const now = purse.clock()
    // an enclave that signed too much does not sign less when it is asked again
    const step = closingStep(purse.payer, now, why?.code === 'approval_overcharged' ? 0 : patienceMs)
    const pending = (next: ClosingStep['act'], at: number): Closure => ({
      done: false,
      next,
      at,
      ...(why !== undefined && { why }),
    })
    switch (step.act) {
      case 'done':
        return { done: true, settled: purse.payer.settled }
      case 'stop-paying':
        await purse.pays((payer) => stopPaying(payer, purse.clock()))
        continue
      case 'ask-approval':
        why = await ask(parties)
        if (why === undefined || why.code === 'approval_overcharged') continue
        // an enclave has no word on a channel that the chain has ended
        if (await vanished(parties)) continue
        if (!wait) return pending('ask-approval', now + RETRY_MS)
        await pause(RETRY_MS, signal)
        continue
      case 'wait':
        if (await vanished(parties)) continue
        if (!wait) return pending('finish-close', step.until)
        await pause(Math.min(step.until - now, 60_000), signal)
        continue
      default:
        // patience may have ended before anyone asked: a process that was not running asks once
        if (step.act === 'start-close' && why === undefined) {
          why = await ask(parties)
          if (why === undefined) continue
        }
        if (wallet === undefined) return pending(step.act, now)
        await callFor(parties, wallet, step)
    }
  }
}

/** Has the contract do what comes next. */
async function callFor(parties: Parties, wallet: ChannelWallet, step: ClosingStep): Promise<void> {
  const { purse } = parties
  const { channelId } = purse.payer.terms
  if (await vanished(parties)) return
  if (step.act === 'start-close') {
    // a channel past its time is started by anyone, and only once
    const deadline = await wallet.deadline(channelId)
    if (deadline === null)
      return void (await perform(purse, 'start-close', (hooks) => wallet.startClose(channelId, hooks)))
    return void (await purse.pays((payer) => closeStarted(payer, { ...payer.terms, deadline }, purse.clock())))
  }
  if (step.act !== 'submit-approval')
    return void (await perform(purse, 'finish-close', (hooks) => wallet.finishClose(channelId, hooks)))
  try {
    await perform(purse, 'close', (hooks) => wallet.close(closeArguments(step.approval), hooks))
  } catch (error) {
    // somebody forced the closure, and the period for approvals is over
    if ((await wallet.channel(channelId)) !== 'closing') throw error
    await settleIfKnown(purse, wallet)
    await perform(purse, 'finish-close', (hooks) => wallet.finishClose(channelId, hooks)).catch(() => {
      throw error
    })
  }
}

/** Asks the enclave for its last word. @returns why there is none */
async function ask({ purse, desk, wallet }: Parties): Promise<DcmlError | undefined> {
  const { terms } = purse.payer
  const request = formatClosureRequest(
    await signClosureRequest(terms.chain, { channelId: terms.channelId }, purse.signer),
  )
  try {
    const approval = await askFor(request, { purse, desk, wallet })
    await purse.pays((payer) => takeApproval(payer, parseApproval(approval)))
    return undefined
  } catch (error) {
    if (DcmlError.isInstance(error) && error.code !== 'channel_store_failed') return error
    throw error
  }
}

/** With the opening, where the enclave never took the channel up: then it approves 0. */
async function askFor(request: string, { purse, desk, wallet }: Parties): Promise<string> {
  try {
    return await desk.requestClosure(request)
  } catch (error) {
    const opening = purse.record.unproven.find(({ act }) => act === 'open')
    const isUnknown = DcmlError.isInstance(error) && error.code === 'channel_unknown'
    if (!isUnknown || opening === undefined) throw error
    if (wallet === undefined && opening.bundle === null) throw error
    const bundle = wallet === undefined ? opening.bundle : await proofFor(opening.transaction, desk, wallet)
    return desk.requestClosure(request, bundle ?? undefined)
  }
}

/** Whether the contract has ended the channel by somebody else's call. What it settled stands in that call's event. */
export async function vanished({ purse, wallet }: Pick<Parties, 'purse' | 'wallet'>): Promise<boolean> {
  if (wallet === undefined || (await wallet.channel(purse.payer.terms.channelId)) !== null) return false
  await purse.change((record) => ({ ...record, gone: true }))
  return true
}

const pause = (ms: number, signal: AbortSignal | undefined): Promise<void> =>
  new Promise((resolve, reject) => {
    const abort = (): void => {
      clearTimeout(timer)
      reject(signal?.reason)
    }
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', abort)
      resolve()
    }, ms)
    signal?.addEventListener('abort', abort, { once: true })
  })
