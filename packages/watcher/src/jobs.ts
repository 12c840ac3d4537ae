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
  /** The node that it is done through. */
  readonly eye: Eye
  /** @returns what came of it, in a word @throws what made the attempt fail */
  run(signal: AbortSignal): Promise<'approved' | 'answered' | 'ended' | 'forgotten' | 'gone'>
}

/** A channel that a node sees closing. */
interface Sighting {
  readonly eye: Eye
  readonly channel: WatchedChannel
  readonly dueBy: number
}

/**
 * What is to be done about closes, the most pressing first. Each node's word counts, and nothing that one says changes
 * what another is asked for: an attempt is made through one of those that see the close, drawn by lot, as a node that
 * could foresee whose turn it is could see to it that it always is its own.
 */
export function answers(means: Means, now: number): Job[] {
  const due = new Map<bigint, Sighting[]>()
  for (const eye of means.eyes)
    for (const { channelId, dueBy, task } of decide(eye.watcher, now).tasks) {
      if (task === 'submit-answer' && !eye.credit.allows(now)) continue
      const sighting = { eye, channel: eye.watcher.channels.get(channelId)!, dueBy }
      due.set(channelId, [...(due.get(channelId) ?? []), sighting])
    }
  return [...due.values()]
    .map((sightings) => sightings[Math.floor(Math.random() * sightings.length)]!)
    .sort((a, b) => a.dueBy - b.dueBy)
    .map((sighting) => answer(means, sighting, now))
}

function answer(means: Means, { eye, channel }: Sighting, now: number): Job {
  const { channelId, host, approval } = channel
  const begin = (): void => eye.change((watcher) => attempted(watcher, channelId, now))
  if (approval === null)
    return {
      ...{ step: 'ask-enclave', channelId, host, eye },
      async run(signal) {
        begin()
        const given = await askEnclave({ ...means, signal }, eye, channel, (channel.closing as { place: Place }).place)
        eye.change((watcher) => approved(watcher, channelId, given))
        return 'approved'
      },
    }
  return {
    ...{ step: 'submit-answer', channelId, host, eye },
    async run(signal) {
      begin()
      try {
        return (await submitAnswer({ ...means, signal }, eye, channelId, approval)) ? 'answered' : 'gone'
      } catch (error) {
        if (DcmlError.isInstance(error) && error.code === 'near_transaction_failed')
          eye.change((watcher) => disapproved(watcher, channelId))
        throw error
      }
    },
  }
}
