// Every change of one place in a JSON document.

/** Where and how a document was changed, with `*` for list indices; `json` holds the change until the next one. */
export interface Tampered {
  readonly path: string
  readonly how: 'changed' | 'left out'
  readonly json: unknown
}

/**
 * Changes each string at the places that `positions` gives, each integer by one, each null to `instead`, and leaves
 * out each field in turn.
 */
export function* tamper(
  document: object,
  { positions, instead }: { positions: (length: number, leaf: number) => Iterable<number>; instead: string },
): Generator<Tampered> {
  const json = structuredClone(document)
  let leaf = 0
  yield* inside(json, '')

  function* inside(holder: object, prefix: string): Generator<Tampered> {
    for (const [key, value] of Object.entries(holder)) {
      const path = Array.isArray(holder) ? `${prefix}*` : `${prefix}${key}`
      for (const changed of changes(value)) {
        Object.assign(holder, { [key]: changed })
        yield { path, how: 'changed', json }
      }
      if (!Array.isArray(holder)) {
        Object.assign(holder, { [key]: undefined })
        yield { path, how: 'left out', json }
      }
      Object.assign(holder, { [key]: value })
      if (typeof value === 'object' && value !== null) yield* inside(value, `${path}.`)
    }
  }

  function* changes(value: unknown): Generator<unknown> {
    if (typeof value === 'string') for (const at of positions(value.length, leaf++)) yield changedAt(value, at)
    else if (typeof value === 'number') yield value + 1
    else if (typeof value === 'bigint') yield value + 1n
    else if (typeof value === 'boolean') yield !value
    else if (value === null) yield instead
  }
}

/** Another character of the same kind: digits stay digits, so that a changed number stays one. */
function changedAt(text: string, at: number): string {
  const old = text[at]!
  const next = /\d/.test(old) ? (old === '9' ? '1' : String(Number(old) + 1)) : old === 'k' ? 'm' : 'k'
  return text.slice(0, at) + next + text.slice(at + 1)
}
