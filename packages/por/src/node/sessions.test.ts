import { connect as connectTcp, createServer, type Socket } from 'node:net'
import fc from 'fast-check'
import { afterEach, expect, test } from 'vitest'
import { anyMessage } from '../wire/arbitrary.ts'
import { nodeKeys } from './keys.ts'
import type { SessionLimits } from './limits.ts'
import { connectAs, connectRaw, helloOf, type Impostor } from './testing/impostor.ts'
import { areConnected, type Line, nameOf, seedOf, startLine, until } from './testing/line.ts'

// Node 0 is asked, node 1 is attacked, and the impostor has the key of one with an edge to node 1.
const MALLORY = seedOf(50)
const NAME = 'mallory.testnet'
const EDGE = 9n

let line: Line
afterEach(() => line.close())

async function start(limits: Partial<SessionLimits> = {}): Promise<void> {
  line = await startLine(2, () => ({ limits }))
  line.chain.register(NAME, nodeKeys(MALLORY).signer.publicKey)
  line.chain.open(EDGE, NAME, nameOf(1))
  await until(() => line.nodes[1]!.edges().length === 2)
  // node 0 may have come before node 1 knew of their edge
  await areConnected(line.nodes[0]!)
}

/** How often node 1 closed a connection for this reason. */
async function closedFor(code: string): Promise<number> {
  const text = await line.registries[1]!.metrics()
  return Number(new RegExp(`sessions_closed_total{code="${code}"} (\\d+)`).exec(text)?.[1] ?? 0)
}

const stillServes = async () => {
  await until(() => line.nodes[0]!.edges()[0]!.connected)
  const ask = { app: 'dcml/ping', maxCost: 10n ** 24n, budget: 10_000 }
  const result = await line.nodes[0]!.request(nameOf(1), Uint8Array.of(1, 2, 3), ask)
  expect(result).toMatchObject({ response: { status: 0, payload: Uint8Array.of(1, 2, 3) } })
}

const isConnected = () => line.nodes[1]!.edges().find(({ id }) => id === EDGE)!.connected

async function established(): Promise<Impostor> {
  const mallory = await connectAs(MALLORY, line.nodes[1]!)
  mallory.send(helloOf(NAME, EDGE))
  await until(isConnected)
  return mallory
}

test.each([
  ['a key that is nobody’s', seedOf(60), 'dcml-por/1'],
  ['the key of a node without an edge here', seedOf(61), 'dcml-por/1'],
  ['no key', null, 'dcml-por/1'],
  ['a neighbour’s key, for another protocol', MALLORY, 'h2'],
])('whoever shows %s is told nothing', async (_, seed, protocol) => {
  await start()
  line.chain.register('other.testnet', nodeKeys(seedOf(61)).signer.publicKey)
  const before = await closedFor('por_session_key')
  const stranger = await connectAs(seed, line.nodes[1]!, protocol)
  await stranger.closed
  expect(stranger.received()).toBe(0)
  if (protocol !== 'h2') expect(await closedFor('por_session_key')).toBe(before + 1)
  await stillServes()
})

test.each([
  ['por_hello_foreign', 'another network', helloOf(NAME, EDGE, { networkId: 'mainnet' })],
  ['por_hello_foreign', 'another contract', helloOf(NAME, EDGE, { contract: 'other.testnet' })],
  ['por_hello_foreign', 'another account', helloOf(nameOf(0), EDGE)],
  ['por_hello_foreign', 'an edge of others', helloOf(NAME, 1n)],
  ['por_hello_version', 'another version', helloOf(NAME, EDGE, { version: 2 })],
  ['por_hello_missing', 'no hello', { type: 'ack', requestHash: new Uint8Array(32), edgeId: EDGE, window: 1 } as const],
])('%s: a session that begins with %s', async (code, _, message) => {
  await start()
  const mallory = await connectAs(MALLORY, line.nodes[1]!)
  mallory.send(message)
  await mallory.closed
  expect(mallory.received()).toBe(0)
  expect(await closedFor(code)).toBe(1)
  expect(isConnected()).toBe(false)
})

test('a second hello, or a word about another edge, ends the session', async () => {
  await start()
  for (const message of [
    helloOf(NAME, EDGE),
    { type: 'ack', requestHash: new Uint8Array(32), edgeId: 1n, window: 1 } as const,
  ]) {
    const mallory = await established()
    mallory.send(message)
    await mallory.closed
    await until(() => !isConnected())
  }
  expect(await closedFor('por_frame_foreign')).toBe(2)
})

test('random bytes end a session with a reason, and nothing else', async () => {
  await start()
  let sessions = 0
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ minLength: 5, maxLength: 400 }), async (bytes) => {
      const mallory = await established()
      bytes[3] = 0xff // a length that no message has
      mallory.socket.write(bytes)
      await mallory.closed
      await until(() => !isConnected())
      sessions++
    }),
    { numRuns: 25 },
  )
  expect(await closedFor('por_frame_malformed')).toBe(sessions)
  await stillServes()
})

test('messages of the right form and any content crash nothing', async () => {
  await start()
  let mallory = await established()
  const messages = fc.sample(anyMessage, Number(process.env.DCML_FUZZ_FRAMES ?? 400))
  for (const message of messages) {
    if (mallory.socket.destroyed || !isConnected()) mallory = await established()
    // most are about this edge, so that the machine sees them
    mallory.send(
      'edgeId' in message
        ? { ...message, edgeId: EDGE }
        : ({ ...message, body: { ...message.body, edgeId: EDGE } } as never),
    )
    if (message.type === 'hello') await mallory.closed
  }
  mallory.socket.destroy()
  await stillServes()
  expect(await closedFor('por_message_unhandled')).toBe(0)
})

test('a frame that never completes ends the session', async () => {
  await start({ frame: 300 })
  const mallory = await established()
  const head = Buffer.alloc(5)
  head.writeUInt32LE(1024 * 1024)
  head[4] = 5
  mallory.socket.write(head)
  const drip = setInterval(() => mallory.socket.write(Buffer.of(0)), 20)
  await mallory.closed
  clearInterval(drip)
  expect(await closedFor('por_frame_late')).toBe(1)
})

test('a connection that says nothing ends, with TLS or without', async () => {
  await start({ handshake: 300 })
  const [bare, silent] = [connectRaw(line.nodes[1]!), await connectAs(MALLORY, line.nodes[1]!)]
  await Promise.all([bare.closed, silent.closed])
  expect(await closedFor('por_session_late')).toBe(1)
})

test('a neighbour that falls silent loses its session, one that only lives keeps it', async () => {
  await start({ heartbeat: 100 })
  await areConnected(line.nodes[0]!)
  const mallory = await established()
  await mallory.closed
  expect(await closedFor('por_session_silent')).toBe(1)
  expect(line.nodes[0]!.edges()[0]!.connected).toBe(true)
})

test('half-open handshakes do not keep a neighbour out', async () => {
  await start({ handshakes: 8, handshake: 60_000 })
  const flood = Array.from({ length: 30 }, () => connectRaw(line.nodes[1]!))
  await Promise.all(flood.slice(0, 20).map(({ closed }) => closed))
  await established()
  for (const { socket } of flood) socket.destroy()
})

test('connections that do not get to a hello replace each other', async () => {
  await start()
  const connections = []
  for (let i = 0; i < 5; i++) connections.push(await connectAs(MALLORY, line.nodes[1]!))
  await Promise.all(connections.slice(0, 4).map(({ closed }) => closed))
  expect(connections[4]!.socket.destroyed).toBe(false)
})

test('the newer session of an edge takes the place of the older', async () => {
  await start()
  const older = await established()
  const newer = await connectAs(MALLORY, line.nodes[1]!)
  newer.send(helloOf(NAME, EDGE))
  await older.closed
  expect(isConnected()).toBe(true)
  expect(await closedFor('por_session_replaced')).toBe(1)
})

test('frames beyond the limit wait, and are not lost', async () => {
  await start({ framesPerSecond: 200 })
  const mallory = await established()
  const heartbeats = Buffer.alloc(4 * 260)
  mallory.socket.write(heartbeats)
  mallory.send({ type: 'ack', requestHash: new Uint8Array(32), edgeId: 1n, window: 1 })
  await mallory.closed
  expect(await closedFor('por_frame_foreign')).toBe(1)
})

test('a session cannot be played again', async () => {
  await start()
  const recorded: Buffer[] = []
  const { port } = line.nodes[1]!.address!
  // between the nodes: sees and keeps every byte
  const proxy = createServer((client: Socket) => {
    const server = connectTcp(port, '127.0.0.1')
    client.on('data', (chunk) => recorded.push(Buffer.from(chunk)))
    client.pipe(server).pipe(client)
    for (const socket of [client, server]) socket.on('error', () => {})
  })
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve))
  const through = { ...line.nodes[1]!, address: proxy.address() as never }
  const mallory = await connectAs(MALLORY, through)
  mallory.send(helloOf(NAME, EDGE))
  await until(isConnected)
  mallory.socket.destroy()
  await until(() => !isConnected())
  const replay = connectRaw(line.nodes[1]!)
  for (const chunk of recorded) replay.socket.write(chunk)
  await replay.closed
  expect(isConnected()).toBe(false)
  proxy.close()
})

test('an edge that is cut has no session any more', async () => {
  await start()
  const mallory = await established()
  line.chain.change(EDGE, { status: 'severed' })
  await mallory.closed
  expect(await closedFor('por_edge_gone')).toBe(1)
  await (await connectAs(MALLORY, line.nodes[1]!)).closed
})
