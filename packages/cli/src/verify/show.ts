import type { Check } from '@dcml/attestation'
import type { Judgement, Part } from '@dcml/attestation/services'
import { formatChecks, formatLabel, formatList, formatWarnings } from '../checks.ts'
import { lines } from '../facts.ts'
import { line } from '../output.ts'

/** What a check is about, by the beginning of its name, in the order in which they are shown. */
const GROUPS = [
  ['service_', 'what the service ties to it'],
  ['gpu_', 'GPUs'],
  ['', 'the machine'],
] as const

const WORDS = { holds: 'HOLDS', refused: 'REFUSED', incomplete: 'INCOMPLETE' } as const

/**
 * A judgement for people: every check of every part, the verdict, and what it does not say.
 * @param at the time it was judged at, where that is not now
 */
export function formatJudgement(judgement: Judgement, at: Date | undefined): string {
  const { service, parts, verdict, environment, warnings, notProven, needs } = judgement
  const missing = needs.map(({ kind }) => kind.replaceAll('-', ' '))
  const why = verdict === 'incomplete' ? `, for want of ${[...new Set(missing)].join(', ')}` : ''
  return [
    ...parts.map(formatPart),
    `${WORDS[verdict]}${at ? ` as of ${at.toISOString()}` : ''}: ${service}${why}${formatLabel(environment)}`,
    formatWarnings(warnings),
    formatList('What this does not prove:', notProven),
  ]
    .filter(Boolean)
    .join('\n\n')
}

function formatPart({ name, checks, facts }: Part): string {
  const groups = GROUPS.map(([prefix, title]) => [title, checks.filter((check) => groupOf(check) === prefix)] as const)
  return [
    line(name),
    lines(facts).replaceAll(/^/gm, '  '),
    ...groups
      .toReversed()
      .filter(([, members]) => members.length > 0)
      .map(([title, members]) => ` ${title}\n${formatChecks(members)}`),
  ].join('\n')
}

const groupOf = ({ name }: Check) => GROUPS.find(([prefix]) => name.startsWith(prefix))![0]

/** The same for machines; quotes and reports that a need carries stay away, being in the evidence. */
export const judgementJson = ({ needs, ...judgement }: Judgement): object => ({
  ...judgement,
  needs: needs.map((need) => ({ ...need, quote: undefined, report: undefined, vek: undefined })),
})
