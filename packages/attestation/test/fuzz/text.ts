// Bending texts: whole tokens are put in, left out and repeated.
import { utf8 } from '@dcml/protocol'
import type { Random } from '../differential/random.ts'
import { bendBytes } from './bytes.ts'

const TOKENS = [
  '<!DOCTYPE x [<!ENTITY a "aaaa">]>',
  '&a;',
  '&#x41;',
  '<![CDATA[x]]>',
  '<!--x-->',
  '<?x y?>',
  ' xmlns="x"',
  ' xmlns:ns0="x"',
  "='x'",
  '\t',
  '\r\n',
  '\u00a0',
  '\ufeff',
  '-----BEGIN CERTIFICATE-----',
  '-----END CERTIFICATE-----\n',
  'HTTP/1.1 200 OK\r\n',
  'Content-Length: 1\r\n',
  'Transfer-Encoding: chunked\r\n',
  '%00',
  '&',
  '=',
].map(utf8)

/** Where tokens begin and end, in whatever text. */
const EDGES = new Set([...'<>"= \n/&;:-'].map((edge) => edge.charCodeAt(0)))

function nextEdge(bytes: Uint8Array, from: number): number {
  for (let at = from; at < bytes.length; at++) if (EDGES.has(bytes[at]!)) return at
  return bytes.length
}

/** One bend of one token, or of bytes. */
export function bendText(random: Random, bytes: Uint8Array, other: Uint8Array): Uint8Array {
  const from = nextEdge(bytes, random.below(bytes.length + 1))
  const until = nextEdge(bytes, from + 1 + random.below(60))
  const token = bytes.subarray(from, until)
  const put = (at: number, end: number, by: Uint8Array) =>
    Uint8Array.from(Buffer.concat([bytes.subarray(0, at), by, bytes.subarray(end)]))
  switch (random.below(5)) {
    case 0:
      return put(from, from, random.pick(TOKENS))
    case 1:
      return put(from, until, new Uint8Array())
    case 2:
      return put(nextEdge(bytes, random.below(bytes.length + 1)), from, token)
    case 3:
      return put(from, from, token)
    default:
      return bendBytes(random, bytes, other)
  }
}
