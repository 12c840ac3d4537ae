/** Byte tokenizer: ids 0..255 are bytes, then these, in this order. */
export const SPECIAL_TOKENS = ['<|bos|>', '<|eos|>', '<|im_start|>', '<|im_end|>'] as const
/** Tokens of the byte tokenizer. */
export const VOCABULARY = 256 + SPECIAL_TOKENS.length

const SPECIAL = /(<\|(?:bos|eos|im_start|im_end)\|>)/

/** Token ids of a text in which special tokens are written out. */
export function tokenize(text: string): Uint16Array {
  const ids: number[] = []
  for (const piece of text.split(SPECIAL)) {
    const special = SPECIAL_TOKENS.indexOf(piece as (typeof SPECIAL_TOKENS)[number])
    if (special >= 0) ids.push(256 + special)
    else for (const byte of new TextEncoder().encode(piece)) ids.push(byte)
  }
  return Uint16Array.from(ids)
}

/** The text of token ids; special tokens are written out, broken UTF-8 becomes U+FFFD. */
export function detokenize(ids: Iterable<number>): string {
  const bytes: number[] = []
  for (const id of ids) {
    if (id < 256) bytes.push(id)
    else bytes.push(...new TextEncoder().encode(SPECIAL_TOKENS[id - 256] ?? ''))
  }
  return new TextDecoder().decode(Uint8Array.from(bytes))
}
