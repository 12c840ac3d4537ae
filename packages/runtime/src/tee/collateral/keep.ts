import { told } from './compare.ts'
import { askCurrent, type Source, type SourceLog } from './source.ts'
import { ContentStore } from './store.ts'
import { contains, type Window } from './window.ts'

/** @see keepFresh */
export interface KeepOptions {
  /** Folder in which answers outlive the process. Default: they do not. */
  readonly folder?: string
  /** Hears of refreshes that failed while there was still something good to staple. */
  readonly log: SourceLog
  /** Age at which an answer is asked for anew, in milliseconds; never later than half of its remaining life. Default 6 h. */
  readonly refreshMs?: number
  /** Unix time in milliseconds. Default `Date.now`. */
  readonly clock?: () => number
}

interface Kept<Answer> {
  readonly answer: Answer
  readonly window: Window
  readonly fetchedAt: number
}

const RETRY_MS = 60_000

/**
 * Keeps what a source answers: handed out at once while it counts, asked for anew ahead of its end without anybody
 * waiting, and at the latest when it has ended. What has ended is never handed out. An answer that is older than the one
 * kept does not replace it, so a source that goes back in time is not followed.
 */
export function keepFresh<Question, Answer>(
  source: Source<Question, Answer>,
  { folder, log, refreshMs = 6 * 3_600_000, clock = Date.now }: KeepOptions,
): Source<Question, Answer> {
  const { kind } = source
  const store = folder === undefined ? undefined : new ContentStore(folder)
  const entries = new Map<string, Kept<Answer>>()
  const running = new Map<string, Promise<Answer>>()
  const triedAt = new Map<string, number>()

  const keep = (name: string, answer: Answer, fetchedAt: number): void =>
    void entries.set(name, { answer, window: kind.window(answer), fetchedAt })

  async function load(name: string, question: Question): Promise<void> {
    const stored = await store?.read(name)
    if (stored === undefined || entries.has(name)) return
    try {
      const answer = kind.decode(stored.bytes)
      kind.check(answer, question)
      keep(name, answer, Math.min(stored.fetchedAt, clock()))
    } catch (error) {
      log.warn({ what: name, error: told(error) }, 'kept collateral cannot be used')
    }
  }

  async function refresh(name: string, question: Question): Promise<Answer> {
    triedAt.set(name, clock())
    const fetched = await askCurrent(source, question, clock)
    const kept = entries.get(name)
    const now = clock()
    const answer = kept !== undefined && contains(kept.window, now) ? kind.newer(fetched, kept.answer) : fetched
    keep(name, answer, now)
    await store?.write(name, { bytes: kind.encode(answer), fetchedAt: now }).catch((error: unknown) => {
      log.warn({ what: name, error: told(error) }, 'collateral cannot be kept')
    })
    return answer
  }

  /** One refresh at a time for each name, however many wait for it. */
  function refreshOnce(name: string, question: Question): Promise<Answer> {
    const known = running.get(name)
    if (known !== undefined) return known
    const started = refresh(name, question).finally(() => running.delete(name))
    running.set(name, started)
    return started
  }

  const isDue = (name: string, { fetchedAt, window }: Kept<Answer>, now: number): boolean =>
    now - fetchedAt >= Math.min(refreshMs, (window.until - fetchedAt) / 2) && now - (triedAt.get(name) ?? 0) >= RETRY_MS

  return {
    name: source.name,
    kind,
    async ask(question) {
      const name = kind.name(question)
      if (!entries.has(name)) await load(name, question)
      const kept = entries.get(name)
      const now = clock()
      if (kept === undefined || !contains(kept.window, now)) return refreshOnce(name, question)
      if (isDue(name, kept, now))
        refreshOnce(name, question).catch((error: unknown) => {
          const until = new Date(kept.window.until).toISOString()
          log.warn({ what: name, until, error: told(error) }, 'collateral was not refreshed')
        })
      return kept.answer
    },
  }
}
