import type { Place, WatchedChannel, Watcher } from './watcher.ts'

/** What the watcher's process should do now, the most pressing first. */
export type Task =
  /** Prove the close and bring the proof to the enclave. */
  | {
      readonly task: 'ask-enclave'
      readonly channelId: bigint
      readonly closing: Place
      readonly dueBy: number
    }
  /** Call `answer_close`. */
  | { readonly task: 'submit-answer'; readonly channelId: bigint; readonly approval: string; readonly dueBy: number }

export type Alarm =
  | {
      /** `lost`: the period is over without an answer seen; the lock goes to the owner when anyone finishes. */
      readonly alarm: 'warning' | 'urgent' | 'lost'
      readonly channelId: bigint
      readonly host: string
      /** yoctoNEAR at stake. */
      readonly lock: bigint
      /** Milliseconds; below 0 when lost. */
      readonly leftMs: number
      readonly waitingFor: 'enclave' | 'contract'
      readonly attempts: number
    }
  /** No news from the chain: closes may be running unseen. */
  | { readonly alarm: 'blind'; readonly sinceMs: number }

export interface WatcherDecision {
  readonly tasks: readonly Task[]
  readonly alarms: readonly Alarm[]
}

/** What to do at this moment, a function of what was seen and the time alone. @param now ms */
export function decide(watcher: Watcher, now: number): WatcherDecision {
  const { retryMs, blindAfterMs } = watcher.options
  const closing = [...watcher.channels.values()]
    .flatMap((channel) => (channel.closing === null ? [] : [{ channel, dueBy: dueBy(channel.closing.deadline) }]))
    .sort((a, b) => a.dueBy - b.dueBy)
  const isDue = ({ attemptedAt }: WatchedChannel): boolean => attemptedAt === null || now >= attemptedAt + retryMs
  const blind = now - watcher.seenAt
  return {
    tasks: closing
      .filter(({ channel, dueBy }) => now < dueBy && isDue(channel))
      .map(({ channel, dueBy }) => taskOf(channel, dueBy)),
    alarms: [
      ...(blind > blindAfterMs ? [{ alarm: 'blind' as const, sinceMs: blind }] : []),
      ...closing.flatMap(({ channel, dueBy }) => alarmOf(channel, dueBy - now, watcher)),
    ],
  }
}

const dueBy = (deadline: bigint): number => Number(deadline / 1_000_000n)

function taskOf({ channelId, approval, closing }: WatchedChannel, due: number): Task {
  return approval === null
    ? { task: 'ask-enclave', channelId, closing: closing!.place, dueBy: due }
    : { task: 'submit-answer', channelId, approval, dueBy: due }
}

function alarmOf(channel: WatchedChannel, leftMs: number, { options }: Watcher): Alarm[] {
  if (leftMs > options.warnBeforeMs) return []
  const { channelId, host, lock, attempts } = channel
  const alarm = leftMs <= 0 ? 'lost' : leftMs <= options.urgentBeforeMs ? 'urgent' : 'warning'
  const waitingFor = channel.approval === null ? 'enclave' : 'contract'
  return [{ alarm, channelId, host, lock, leftMs, waitingFor, attempts }]
}
