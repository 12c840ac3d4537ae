import { approved, attempted, decide, disapproved, type Place, type WatchedChannel } from '@dcml/channels'
import { DcmlError } from '@dcml/protocol'
import { askEnclave, type Means, submitAnswer } from './answer.ts'
import type { Eye } from './eye.ts'
import type { Step } from './metrics.ts'

/** Something to do now. */
export interface Job {
  readonly step: Exclude<Step, 'read'>
  readonly channelId: bigint
  readonly host: string
  /** @returns what came of it, in a word @throws what made the attempt fail */
  run(): Promise<'approved' | 'answered' | 'ended' | 'forgotten' | 'gone'>
}

/** A channel that a node sees closing. */
interface Sighting {
  readonly eye: Eye
  readonly channel: WatchedChannel
  readonly dueBy: number
}

/**
 * What is to be done about closes, the most pressing first. Each node's word counts; an attempt is made through one of
 * those that see the close, the next one through the next.
 */
export function answers(means: Means, now: number): Job[] {
  const due = new Map<bigint, Sighting[]>()
  for (const eye of means.eyes)
    for (const { channelId, dueBy } of decide(eye.watcher, now).tasks) {
      const sighting = { eye, channel: eye.watcher.channels.get(channelId)!, dueBy }
      due.set(channelId, [...(due.get(channelId) ?? []), sighting])
    }
  return [...due.values()].sort(([a], [b]) => a!.dueBy - b!.dueBy).map((sightings) => answer(means, sightings, now))
}

function answer(means: Means, sightings: Sighting[], now: number): Job {
  const { channelId, host, attempts } = sightings[0]!.channel
  const { eye, channel } = sightings[attempts % sightings.length]!
  const approval = sightings.find(({ channel }) => channel.approval !== null)?.channel.approval ?? null
  const note = (change: (watcher: Eye['watcher']) => Eye['watcher']): void => {
    for (const each of means.eyes) each.change(change)
  }
  const begin = (): void => note((watcher) => attempted(watcher, channelId, now))
  if (approval === null)
    return {
      ...{ step: 'ask-enclave', channelId, host },
      async run() {
        begin()
        const given = await askEnclave(means, eye, channel, (channel.closing as { place: Place }).place)
        note((watcher) => approved(watcher, channelId, given))
        return 'approved'
      },
    }
  return {
    ...{ step: 'submit-answer', channelId, host },
    async run() {
      begin()
      try {
        return (await submitAnswer(means, eye, channelId, approval)) ? 'answered' : 'gone'
      } catch (error) {
        if (DcmlError.isInstance(error) && error.code === 'near_transaction_failed')
          note((watcher) => disapproved(watcher, channelId))
        throw error
      }
    },
  }
}
