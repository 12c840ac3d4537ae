import { Duplex } from 'node:stream'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { requestOnce } from './answer.ts'

/** A peer that sends these chunks, one per turn, and then closes or stays silent. */
function peer(chunks: readonly (string | Uint8Array)[], end = true): { stream: Duplex; sent: () => string } {
  let sent = ''
  const queue = [...chunks]
  const stream = new Duplex({
    read() {
      const chunk = queue.shift()
      if (chunk !== undefined) setImmediate(() => this.push(chunk))
      else if (end) this.push(null)
    },
    write(chunk, _, done) {
      sent += chunk
      done()
    },
  })
  return { stream, sent: () => sent }
}

const read = (...chunks: string[]): Promise<string> =>
  requestOnce(peer(chunks).stream, 'GET', 100).then((body) => body.toString())
const head = 'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 5\r\n\r\n'

test('an answer is read however it is cut, and the stream is handed on untouched', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.nat(head.length + 5), { maxLength: 6 }), async (cuts) => {
      const text = `${head}hello`
      const at = [0, ...cuts.sort((a, b) => a - b), text.length]
      const chunks = at.slice(1).map((end, i) => text.slice(at[i], end))
      const { stream, sent } = peer(chunks.filter(Boolean), false)
      const body = await requestOnce(stream, 'GET', 100)
      expect(body.toString()).toBe('hello')
      expect(sent()).toBe('GET')
      expect(['readable', 'end', 'close', 'error', 'data'].map((name) => stream.listenerCount(name))).toEqual(
        ['readable', 'end', 'close', 'error', 'data'].map((name) => peer([]).stream.listenerCount(name)),
      )
      expect(stream.readableFlowing).toBeNull()
    }),
    { numRuns: 50 },
  )
})

test.each([
  ['another status', 'HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n', 'evidence_missing'],
  ['an early hint', `HTTP/1.1 103 Early Hints\r\n\r\n${head}hello`, 'evidence_missing'],
  ['a redirect', 'HTTP/1.1 302 Found\r\nLocation: https://other\r\n\r\n', 'evidence_missing'],
  ['nothing', '', 'evidence_missing'],
  ['half a head', head.slice(0, 40), 'evidence_missing'],
  ['half a body', `${head}he`, 'evidence_missing'],
  ['another protocol', 'SSH-2.0-OpenSSH_9.9\r\n\r\n', 'evidence_malformed'],
  ['HTTP/1.0', `${head.replace('1.1', '1.0')}hello`, 'evidence_malformed'],
  ['bytes after the body', `${head}hello!`, 'evidence_malformed'],
  ['no length', 'HTTP/1.1 200 OK\r\n\r\nhello', 'evidence_malformed'],
  ['two lengths', `${head.replace('\r\n\r\n', '\r\nContent-Length: 5\r\n\r\n')}hello`, 'evidence_malformed'],
  ['a length with a sign', `${head.replace(': 5', ': +5')}hello`, 'evidence_malformed'],
  ['chunks', `${head.replace('\r\n\r\n', '\r\nTransfer-Encoding: chunked\r\n\r\n')}hello`, 'evidence_malformed'],
  ['compression', `${head.replace('\r\n\r\n', '\r\nContent-Encoding: gzip\r\n\r\n')}hello`, 'evidence_malformed'],
  ['a folded header', `${head.replace('\r\n\r\n', '\r\n folded\r\n\r\n')}hello`, 'evidence_malformed'],
  ['a space before a colon', `${head.replace('Length:', 'Length :')}hello`, 'evidence_malformed'],
  ['a bare line feed', `${head.replace('OK\r\n', 'OK\nX: y\r\n')}hello`, 'evidence_malformed'],
  ['a close', `${head.replace('\r\n\r\n', '\r\nConnection: Close\r\n\r\n')}hello`, 'evidence_malformed'],
  ['a long head', `${head.replace('\r\n\r\n', `\r\nX: ${'y'.repeat(9000)}\r\n\r\n`)}hello`, 'evidence_malformed'],
  ['a head without end', `HTTP/1.1 200 OK\r\n${'X: y\r\n'.repeat(5000)}`, 'evidence_malformed'],
  ['a length past the limit', head.replace(': 5', ': 101'), 'evidence_too_large'],
  ['a length past all numbers', head.replace(': 5', `: ${'9'.repeat(15)}`), 'evidence_too_large'],
])('%s is refused', async (_, text, code) => {
  await expect(read(text)).rejects.toMatchObject({ name: 'DcmlError', code })
})

test('any bytes lead to a body or to one of three codes', async () => {
  const piece = fc.oneof(fc.constantFrom('HTTP/1.1 200 OK\r\n', 'Content-Length: 3\r\n', '\r\n', 'abc'), fc.string())
  await fc.assert(
    fc.asyncProperty(fc.array(piece, { maxLength: 8 }), async (pieces) => {
      const outcome = await read(...pieces.filter(Boolean)).catch((error) => error.code)
      expect(outcome).toMatch(/^(evidence_(missing|malformed|too_large)|.{3}|)$/s)
    }),
  )
})
