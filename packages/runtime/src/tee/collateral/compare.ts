import { DcmlError } from '@dcml/protocol'
import { unavailable } from './fault.ts'
import { askCurrent, type Source, type SourceLog } from './source.ts'

/**
 * Asks several sources and hands out, part by part, the newest that any of them has: one that hides a TCB recovery or a
 * revocation does not go unnoticed while another tells. One that is down, expired or badly signed is logged and does not
 * stop the others; two good answers of the same age that say different things are an error.
 * @throws DcmlError `tee_collateral_disagrees` with the `member`, or the first source's fault where all of them fail
 */
export function compareSources<Question, Answer>(
  sources: readonly Source<Question, Answer>[],
  { log, clock = Date.now }: { readonly log: SourceLog; readonly clock?: () => number },
): Source<Question, Answer> {
  const [first] = sources
  if (first === undefined)
    throw new DcmlError('tee_source_missing', 'There is no source to compare.', { hint: 'Name one, better two.' })
  const { kind } = first
  return {
    name: sources.map(({ name }) => name).join(', '),
    kind,
    async ask(question) {
      const settled = await Promise.allSettled(sources.map((source) => askCurrent(source, question, clock)))
      const answers: Answer[] = []
      let fault: unknown
      for (const [i, result] of settled.entries()) {
        if (result.status === 'fulfilled') answers.push(result.value)
        else {
          fault ??= result.reason
          log.warn({ source: sources[i]!.name, what: kind.name(question), error: told(result.reason) }, 'source failed')
        }
      }
      if (answers.length === 0) throw DcmlError.isInstance(fault) ? fault : unavailable('no source answers', fault)
      return answers.reduce((one, other) => kind.newer(one, other))
    },
  }
}

/** What of a fault may be logged. */
export const told = (error: unknown): object =>
  DcmlError.isInstance(error) ? { code: error.code, message: error.message } : { message: String(error) }
