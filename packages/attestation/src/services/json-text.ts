// Some services hash or sign the JSON text that they send. Parsing it and writing it anew could change a byte.

const SPACE = ' \t\r\n'

/**
 * Where the value of a member of the outermost object stands in a text that `JSON.parse` accepts.
 * @returns undefined where there is no such member; the last one where it is doubled, as `JSON.parse` reads it
 */
export function memberSpan(json: string, name: string): { start: number; end: number } | undefined {
  let at = skipSpace(json, 0)
  if (json[at] !== '{') return undefined
  let found: { start: number; end: number } | undefined
  at = skipSpace(json, at + 1)
  while (json[at] === '"') {
    const keyEnd = stringEnd(json, at)
    const isIt = JSON.parse(json.slice(at, keyEnd)) === name
    const start = skipSpace(json, skipSpace(json, keyEnd) + 1)
    const end = valueEnd(json, start)
    if (isIt) found = { start, end }
    at = skipSpace(json, end)
    if (json[at] === ',') at = skipSpace(json, at + 1)
  }
  return found
}

/** JSON with the members of every object in order and no spaces: what some services hash instead of what they sent. */
export function sortedJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(sortedJson).join()}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  const members = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))
  return `{${members.map(([name, member]) => `${JSON.stringify(name)}:${sortedJson(member)}`).join()}}`
}

function skipSpace(json: string, from: number): number {
  let at = from
  while (at < json.length && SPACE.includes(json[at]!)) at++
  return at
}

/** Index after the closing quote of the string that opens at `from`. */
function stringEnd(json: string, from: number): number {
  let at = from + 1
  while (at < json.length && json[at] !== '"') at += json[at] === '\\' ? 2 : 1
  return at + 1
}

function valueEnd(json: string, from: number): number {
  if (json[from] === '"') return stringEnd(json, from)
  let at = from
  for (let depth = 0; at < json.length; at++) {
    const c = json[at]!
    if (c === '"') at = stringEnd(json, at) - 1
    else if (c === '{' || c === '[') depth++
    else if (c === '}' || c === ']') {
      if (depth === 0) return at
      if (--depth === 0) return at + 1
    } else if (depth === 0 && (c === ',' || SPACE.includes(c))) return at
  }
  return at
}
