import { type Alarm, decide, type WatchedChannel, type WatcherOptions } from '@dcml/channels'
import { connectNear, type PlacedEvent } from '@dcml/near'
import { DcmlError } from '@dcml/protocol'
import pino from 'pino'
import { Alarms, type Level } from './alarms.ts'
import type { Means } from './answer.ts'
import { Crew } from './crew.ts'
import { Eye } from './eye.ts'
import { Housekeeping } from './housekeeping.ts'
import { answers, type Job } from './jobs.ts'
import { createMetrics, type Sight } from './metrics.ts'
import { channelOf, nodeName, readNotes, writeNotes } from './notebook.ts'
import { resolveTimes, type WatcherService, type WatcherServiceOptions } from './options.ts'
import { repeat } from './repeat.ts'
import { serveStatus } from './status-server.ts'

/** Events not to be told again when another node tells them. */
const REMEMBERED = 10_000

/** Due tasks are looked for so often. */
const TICK_MS = 250

/**
 * Starts a watcher (paper §6): it follows the contract's events, and where a close without approval was started, has
 * the enclave answer and the contract take the answer, again and again until the channel is seen to end. It holds no
 * secret but the key that pays gas. Two watchers of one contract do each other no harm.
 * @throws DcmlError `watcher_options_invalid`, `watcher_enclave_invalid`, `watcher_state_invalid`, `near_nodes_missing`,
 * `listen_failed`
 */
export async function runWatcher(options: WatcherServiceOptions): Promise<WatcherService> {
  const { chain, account, clock = Date.now, logger = pino(), enclaves = {}, finish = false } = options
  const times = resolveTimes(options)
  const rules: WatcherOptions = { chain, ...times, ...(options.hosts && { hosts: options.hosts }) }
  const stop = new AbortController()
  const { signal } = stop

  const kept = options.state === undefined ? undefined : readNotes(options.state, chain)
  // a node that is new here begins where the others are: it may have dropped what lies before
  const [start = { next: options.from, events: [] }] = Object.values(kept ?? {}).sort((a, b) => a.next - b.next)
  const eyes = options.nodes.map((url) => {
    const near = connectNear({ networkId: chain.networkId, nodes: url, rounds: 2, timeoutMs: times.answerMs })
    return new Eye({ near, name: new URL(url).host, rules, notes: kept?.[nodeName(url)] ?? start, now: clock() })
  })
  const means: Means = { chain, eyes, account, enclaves, times, clock, signal }
  const housekeeping = new Housekeeping(means, finish)
  const alarms = new Alarms(logger)
  let levels: ReadonlyMap<bigint, Level> = new Map()
  const metrics = createMetrics(() => sight())
  const crew = new Crew({ answerMs: times.answerMs, signal })
  const seen = new Set<string>()

  const all = (): Map<bigint, WatchedChannel> => new Map(eyes.flatMap(({ watcher }) => [...watcher.channels]))
  const blindMs = (): number => Math.max(0, clock() - Math.max(...eyes.map(({ watcher }) => watcher.seenAt)))
  function sight(): Sight {
    const channels = [...all().values()]
    const deadlines = channels.flatMap(({ closing }) => (closing === null ? [] : Number(closing.deadline / 1_000_000n)))
    return {
      channels: channels.length,
      closing: deadlines.length,
      secondsLeft: deadlines.length === 0 ? undefined : Math.round((Math.min(...deadlines) - clock()) / 1000),
      blindSeconds: Math.round(blindMs() / 1000),
      alarms: [...levels.values()],
    }
  }

  const failed = (step: Parameters<typeof metrics.failed>[0], error: unknown, fields: object): void => {
    if (signal.aborted) return
    metrics.failed(step)
    logger.warn({ event: `${step}.failed`, ...fields, error: loggable(error) }, 'an attempt failed, and comes again')
  }

  /** Each turn of a close is said and counted once, whichever node tells first. */
  function told(eye: Eye, event: PlacedEvent, hosts: ReadonlyMap<bigint, WatchedChannel>): void {
    const { event: name, data } = event
    const channelId = BigInt(channelOf(event) ?? 0)
    const host = hosts.get(channelId)?.host
    const isEnd = name === 'channel_closed' || name === 'channel_forfeited'
    if (host === undefined || (!isEnd && name !== 'close_started') || seen.has(`${name} ${channelId}`)) return
    seen.add(`${name} ${channelId}`)
    if (seen.size > REMEMBERED) seen.delete(seen.values().next().value as string)
    if (isEnd) {
      const { blockHeight, blockHash, receiptId } = event
      housekeeping.ended({ channelId, host, place: { blockHeight, blockHash, receiptId } }, eye)
      metrics.closed(name === 'channel_closed' ? 'ended' : 'forfeited')
    } else metrics.seen()
    logger.info({ event: `seen.${name}`, channelId: `${channelId}`, host, node: eye.name, data }, 'on chain')
  }

  async function look(eye: Eye): Promise<void> {
    try {
      for (let caughtUp = false; !caughtUp && !signal.aborted; ) {
        const before = eye.watcher.channels
        const page = await eye.look(signal, clock())
        caughtUp = page.caughtUp
        const known = new Map([...before, ...eye.watcher.channels])
        for (const event of page.events) told(eye, event, known)
      }
      keep()
    } catch (error) {
      failed('read', error, { node: eye.name })
    }
  }

  let written = ''
  function keep(): void {
    if (options.state === undefined) return
    const notes = Object.fromEntries(options.nodes.map((url, at) => [nodeName(url), eyes[at]!.notes]))
    const now = JSON.stringify(Object.values(notes).map(({ next }) => next))
    if (now !== written) writeNotes(options.state, chain, notes)
    written = now
  }

  async function perform({ step, channelId, host, run }: Job, limit: AbortSignal): Promise<void> {
    const fields = { channelId: `${channelId}`, host }
    try {
      const became = await run(limit)
      if (became === 'answered') metrics.closed('answered')
      logger.info({ event: `${step}.${became}`, ...fields }, 'done')
    } catch (error) {
      failed(step, error, fields)
    }
  }

  function work(): void {
    const now = clock()
    const ring: Alarm[] = eyes.flatMap(({ watcher }) => [...decide(watcher, now).alarms])
    levels = alarms.report(ring, blindMs(), blindMs() > times.blindAfterMs)
    for (const job of [...answers(means, now), ...housekeeping.jobs(now)])
      crew.take(job, (limit) => perform(job, limit))
  }

  const health = () => ({ ok: blindMs() <= times.blindAfterMs, sight: sight() })
  const status = options.listen && (await serveStatus(options.listen, metrics, health))
  logger.info({ event: 'started', ...chain, nodes: eyes.map(({ name }) => name), from: start.next }, 'watching')
  const loops = [
    ...eyes.map((eye) => repeat(times.pollMs, () => look(eye), signal)),
    repeat(Math.min(TICK_MS, times.retryMs), async () => work(), signal),
  ]

  let closing: Promise<void> | undefined
  const close = (): Promise<void> => (closing ??= end())
  async function end(): Promise<void> {
    stop.abort(new DcmlError('watcher_stopped', 'The watcher was stopped.', { hint: 'Start it again.' }))
    await Promise.all([...loops, crew.rest()])
    keep()
    status?.close()
    metrics.registry.clear()
    logger.info({ event: 'stopped' }, 'stopped')
  }
  options.signal?.addEventListener('abort', () => void close(), { once: true })
  if (options.signal?.aborted) await close()
  return { address: status?.address, channels: () => [...all().values()], close }
}

/** What of an error may stand in a log: never a URL, which may carry a key. */
const loggable = (error: unknown): object =>
  DcmlError.isInstance(error)
    ? { code: error.code, message: error.message, hint: error.hint }
    : { code: 'internal', message: String(error) }
