import { createServer, type TLSSocket } from 'node:tls'
import { expect, test } from 'vitest'
import { listen, refusal, startEnclave } from '../../test/world.ts'
import { dial } from './dial.ts'
import { type PostAnswer, postOver } from './post.ts'

/** Posts to a server that answers a request with `text` and, unless told otherwise, closes. */
async function post(text: string, signal = new AbortController().signal, end = true): Promise<PostAnswer> {
  const server = createServer((await startEnclave()).tls, (socket: TLSSocket) => {
    socket.once('data', () => (end ? socket.end(text) : socket.write(text)))
  })
  const { host, port } = await listen(server)
  return postOver(await dial(host, port, signal), '/dcml/v1/set-sk', '{}', signal)
}

test('an answer is read, with its status', async () => {
  expect(await post('HTTP/1.1 403 No\r\nContent-Length: 7\r\n\r\n{"a":1}')).toEqual({ status: 403, json: { a: 1 } })
  expect(await post('HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n{')).toEqual({ status: 200, json: undefined })
})

test.each([
  ['nothing', ''],
  ['half a head', 'HTTP/1.1 200 OK\r\nContent-Ty'],
  ['half a body', 'HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n{"a'],
  ['an early hint alone', 'HTTP/1.1 103 Early Hints\r\n\r\n'],
  ['no HTTP', 'SSH-2.0-OpenSSH\r\n\r\n'],
  ['a switch of protocols', 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\nxyz'],
])('%s is an error', async (_, text) => {
  expect(await refusal(post(text))).toMatchObject({ code: 'connection_lost', retryable: true })
})

test('a switch of protocols is an error on a connection that stays open, too', async () => {
  const text = 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n'
  expect(await refusal(post(text, undefined, false))).toMatchObject({ code: 'connection_lost' })
})

test('an abort ends the wait with its reason', async () => {
  const controller = new AbortController()
  const posting = post('HTTP/1.1 103 Early Hints\r\n\r\n', controller.signal, false)
  setTimeout(() => controller.abort(new Error('enough')), 50)
  expect(await refusal(posting)).toMatchObject({ message: 'enough' })
})
