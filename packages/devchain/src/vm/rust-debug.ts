// Rust's Debug notation, as far as nearcore's errors need it.

const escapes: Readonly<Record<string, string>> = {
  '"': '\\"',
  '\\': '\\\\',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\0': '\\0',
}

/** A string in Rust's Debug notation: quoted, with what cannot be printed escaped. */
export const debugString = (text: string): string =>
  `"${text.replace(/["\\\p{C}\p{Zl}\p{Zp}\p{Zs}\p{Grapheme_Extend}]/gu, (character) =>
    character === ' ' ? ' ' : (escapes[character] ?? `\\u{${character.codePointAt(0)!.toString(16)}}`),
  )}"`

/** `Name { field: value }`, or `Name` without fields. */
export function debugStruct(name: string, fields: object): string {
  const parts = Object.entries(fields).map(
    ([field, value]) => `${field}: ${typeof value === 'string' ? debugString(value) : value}`,
  )
  return parts.length === 0 ? name : `${name} { ${parts.join(', ')} }`
}
