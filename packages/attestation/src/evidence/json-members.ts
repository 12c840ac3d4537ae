// Which bytes are a member of a JSON object: parsing tells its value, and hides how it was written.

const SPACE = ' \t\r\n'

/** A member of an object, as it stands in the text. */
export interface Member {
  readonly name: string
  /** The name with its quotes and escapes. */
  readonly written: string
  /** Where its value begins. */
  readonly start: number
  /** Where its value has ended. */
  readonly end: number
}

/** Every member of the outermost object of a text that `JSON.parse` accepts, in order; none where it is no object. */
export function outerMembers(json: string): Member[] {
  const members: Member[] = []
  let at = skipSpace(json, 0)
  if (json[at] !== '{') return members
  at = skipSpace(json, at + 1)
  while (json[at] === '"') {
    const nameEnd = stringEnd(json, at)
    const written = json.slice(at, nameEnd)
    const start = skipSpace(json, skipSpace(json, nameEnd) + 1)
    const end = valueEnd(json, start)
    members.push({ name: JSON.parse(written), written, start, end })
    at = skipSpace(json, end)
    if (json[at] === ',') at = skipSpace(json, at + 1)
  }
  return members
}

/**
 * The exact text of one member of a JSON object. Intel signs the bytes of `tcbInfo` and `enclaveIdentity` as its
 * server wrote them; parsing and writing them anew could change a byte and break the signature.
 * @param json text that `JSON.parse` accepts
 * @returns undefined where the text is no object or has no such member; the last one where it is doubled, as
 * `JSON.parse` reads it
 */
export function jsonMember(json: string, name: string): string | undefined {
  const member = outerMembers(json).findLast((one) => one.name === name)
  return member && json.slice(member.start, member.end)
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
