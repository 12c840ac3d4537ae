// docs/attacks.md is what running the attacks finds. Each suite of attacks writes one section of it, between two marks;
// a section that differs from the run fails the suite. DCML_UPDATE_DOCS=1 writes it anew:
// DCML_UPDATE_DOCS=1 vitest run --no-file-parallelism packages/attestation/test/
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

const path = fileURLToPath(new URL('../../../docs/attacks.md', import.meta.url))

type Row = readonly [name: string, ...cells: readonly string[]]

/** The rows that a run of one suite fills in, in the order of the catalogue. */
export class AttackTable {
  readonly #section: string
  readonly #parts: { readonly header: Row; readonly names: readonly string[]; readonly rows: Map<string, Row> }[] = []

  /** @param section name of the section's marks */
  constructor(section: string) {
    this.#section = section
  }

  /** Adds a table and answers how to fill in one of its rows. */
  part(header: Row, catalogue: readonly { readonly name: string }[]): (...row: Row) => void {
    const rows = new Map<string, Row>()
    this.#parts.push({ header, names: catalogue.map(({ name }) => name), rows })
    return (...row) => void rows.set(row[0], row)
  }

  /** The test that closes the suite: every row is there, and the section says the same. */
  close(): void {
    test('docs/attacks.md says what this run found', () => {
      const text = this.#parts.map(table).join('\n')
      const docs = readFileSync(path, 'utf8')
      const [begin, end] = [`<!-- ${this.#section} -->\n`, `<!-- /${this.#section} -->\n`]
      const [at, until] = [docs.indexOf(begin), docs.indexOf(end)]
      expect(at !== -1 && at < until, `docs/attacks.md has a section ${this.#section}`).toBe(true)
      const from = at + begin.length
      if (process.env.DCML_UPDATE_DOCS) writeFileSync(path, `${docs.slice(0, from)}\n${text}\n${docs.slice(until)}`)
      else expect(docs.slice(from, until)).toBe(`\n${text}\n`)
    })
  }
}

function table({
  header,
  names,
  rows,
}: {
  header: Row
  names: readonly string[]
  rows: ReadonlyMap<string, Row>
}): string {
  const missing = names.filter((name) => !rows.has(name))
  expect(missing, 'rows that this run did not fill in').toEqual([])
  const lines = [header, header.map(() => '---'), ...names.map((name) => rows.get(name)!)]
  return lines.map((cells) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |\n`).join('')
}

/** The checks that refused, as a cell: the target first. */
export const refusedBy = (
  { targets }: { readonly targets: string },
  checks: readonly { readonly name: string; readonly status: string }[],
): string =>
  checks
    .filter(({ status }) => status === 'fail')
    .map(({ name }) => name)
    .sort((a, b) => Number(b === targets) - Number(a === targets))
    .map((name) => `\`${name}\``)
    .join(', ')
