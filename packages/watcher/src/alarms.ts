import type { Alarm } from '@dcml/channels'
import type { Logger } from 'pino'

export type Level = 'warning' | 'urgent' | 'lost'
export const LEVELS: readonly Level[] = ['warning', 'urgent', 'lost']

/** Says each alarm once, when it begins and when it gets worse, not at every look. */
export class Alarms {
  readonly #log: Logger
  readonly #said = new Map<bigint, Level>()
  #blind = false

  constructor(log: Logger) {
    this.#log = log
  }

  /** @param alarms of all nodes: what one sees is an alarm @returns the worst of each channel */
  report(alarms: readonly Alarm[], blindMs: number, isBlind: boolean): ReadonlyMap<bigint, Level> {
    const worst = new Map<bigint, Exclude<Alarm, { alarm: 'blind' }>>()
    for (const alarm of alarms) {
      if (alarm.alarm === 'blind') continue
      const known = worst.get(alarm.channelId)
      if (known === undefined || LEVELS.indexOf(alarm.alarm) > LEVELS.indexOf(known.alarm))
        worst.set(alarm.channelId, alarm)
    }
    for (const [channelId, { alarm, host, lock, leftMs, waitingFor, attempts }] of worst) {
      if (this.#said.get(channelId) === alarm) continue
      const fields = { event: `alarm.${alarm}`, channelId: `${channelId}`, host, lock: `${lock}` }
      const more = { secondsLeft: Math.round(leftMs / 1000), waitingFor, attempts }
      this.#log[alarm === 'warning' ? 'warn' : 'error']({ ...fields, ...more }, SAID[alarm])
    }
    this.#said.clear()
    for (const [channelId, { alarm }] of worst) this.#said.set(channelId, alarm)
    if (isBlind && !this.#blind)
      this.#log.error({ event: 'alarm.blind', seconds: Math.round(blindMs / 1000) }, 'no news from the chain')
    if (!isBlind && this.#blind) this.#log.info({ event: 'alarm.blind.over' }, 'news from the chain again')
    this.#blind = isBlind
    return new Map([...worst].map(([channelId, { alarm }]) => [channelId, alarm]))
  }
}

const SAID: Readonly<Record<Level, string>> = {
  warning: 'a close is still without answer',
  urgent: 'a close is still without answer, and little time is left',
  lost: 'no answer came in time: the lock goes to the owner',
}
