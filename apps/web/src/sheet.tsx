import { CheckList, Tally } from './check-list.tsx'
import type { Part, Sheet } from './judge.ts'

const VERDICT = { holds: 'Holds', refused: 'Refused', incomplete: 'Cannot be judged: something is missing' } as const

/** One judged thing: the verdict first, then what it leaves open, then every check it rests on. */
export function SheetView({ sheet }: { sheet: Sheet }) {
  const { name, title, verdict, development, ownRoots, parts, warnings, notProven } = sheet
  return (
    <article class={`sheet ${verdict} ${development || ownRoots ? 'development' : ''}`} data-verdict={verdict}>
      <header>
        <p class="name">
          {title} · {name}
        </p>
        {development && (
          <p class="banner" role="alert">
            DEVELOPMENT EVIDENCE. It comes from a simulator whose keys everyone has: it proves nothing about any
            machine.
          </p>
        )}
        {ownRoots && !development && (
          <p class="banner" role="alert">
            JUDGED BY ROOTS THAT WERE DROPPED HERE, not by those of Intel, AMD and NVIDIA that this page knows. Whoever
            holds their keys can make such evidence.
          </p>
        )}
        <h2>{headline(sheet)}</h2>
        <Tally checks={parts.flatMap(({ checks }) => checks)} />
      </header>
      <Notes title="Warnings" notes={warnings} />
      <Notes title="What this does not prove" notes={notProven} />
      {parts.map((part) => (
        <PartView key={part.name} part={part} believed={verdict === 'holds' && !development} />
      ))}
    </article>
  )
}

function headline({ verdict, development, ownRoots }: Sheet): string {
  if (verdict !== 'holds') return VERDICT[verdict]
  if (development) return 'Well formed, and worthless: development evidence'
  return ownRoots ? 'Holds, if the roots that you dropped are to be trusted' : VERDICT.holds
}

function PartView({ part: { name, checks, facts }, believed }: { part: Part; believed: boolean }) {
  const failed = checks.filter(({ status }) => status === 'fail')
  const entries = Object.entries(facts)
  return (
    <section data-part={name}>
      <h3>{name}</h3>
      {failed.length > 0 && <CheckList title="Why not" checks={failed} />}
      {entries.length > 0 && (
        <>
          <h4>What it says{believed ? '' : ', not to be believed'}</h4>
          <dl>
            {entries.map(([term, value]) => (
              <div key={term}>
                <dt>{term}</dt>
                <dd>{value}</dd>
              </div>
            ))}
          </dl>
        </>
      )}
      <CheckList title="Every check" checks={checks} />
    </section>
  )
}

function Notes({ title, notes }: { title: string; notes: readonly string[] }) {
  if (notes.length === 0) return null
  return (
    <section>
      <h3>{title}</h3>
      <ul>
        {notes.map((note) => (
          <li key={note}>{note}</li>
        ))}
      </ul>
    </section>
  )
}
