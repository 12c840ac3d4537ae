/**
 * The exact text of one member of a JSON object. Intel signs the bytes of `tcbInfo` and `enclaveIdentity` as its
 * server wrote them; parsing and writing them anew could change a byte and break the signature.
 * @param json text that `JSON.parse` accepts
 * @returns undefined where the text is no object or has no such member; the last one where it is doubled, as
 * `JSON.parse` reads it
 */
export function jsonMember(json: string, name: string): string | undefined {
  let at = skipSpace(json, 0)
  if (json[at] !== '{') return undefined
  let found: string | undefined
  at = skipSpace(json, at + 1)
  while (json[at] === '"') {
    const keyEnd = stringEnd(json, at)
    const key: unknown = JSON.parse(json.slice(at, keyEnd))
    const start = skipSpace(json, skipSpace(json, keyEnd) + 1)
    const end = valueEnd(json, start)
    if (key === name) found = json.slice(start, end)
    at = skipSpace(json, end)
    if (json[at] === ',') at = skipSpace(json, at + 1)
  }
  return found
}

function skipSpace(json: string, from: number): number {
  let at = from
  while (at < json.length && ' \t\r\n'.includes(json[at]!)) at++
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
    } else if (depth === 0 && ', \t\r\n'.includes(c)) return at
  }
  return at
}
