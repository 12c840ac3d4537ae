// `set_sk` and `request_sk`: who gets a key, and who does not.
import { type AddressInfo, createServer, type Server, type Socket, connect as tcpConnect } from 'node:net'
import { createServer as createTlsServer, connect as tlsConnect } from 'node:tls'
import { imageH, keyRelease, type Policy } from '@dcml/attestation'
import { connectAttested, createEnclave, type Enclave, PeerExchange } from '@dcml/attestation/node'
import { encodeKeyGrant, toBase64url, toHex } from '@dcml/protocol'
import { Agent, fetch } from 'undici'
import { expect, test } from 'vitest'
import {
  attestedFetch,
  type Booted,
  boot,
  eventually,
  grantOf,
  loadModel,
  MODEL_H,
  manifestOf,
  SK,
  sealedWith,
  serving,
  simulator,
} from './harness.ts'

const OTHER_SK = new Uint8Array(32).fill(0x11)
const peers = (fields: Partial<Parameters<typeof keyRelease>[0]> = {}): { policy: Policy; roots: Uint8Array[] } => ({
  policy: keyRelease({ environment: 'development', imageH: [], images: [simulator.image], ...fields }),
  roots: [simulator.rootDer],
})

/** Calls an enclave over a verified connection of its own. */
async function call(runtime: Booted, path: string, body: unknown): Promise<{ status: number; json: Answer }> {
  const fetch = attestedFetch(runtime)
  try {
    const response = await fetch(`${runtime.url}${path}`, { method: 'POST', body: JSON.stringify(body) })
    return { status: response.status, json: (await response.json()) as Answer }
  } finally {
    await fetch.close()
  }
}
interface Answer {
  phase?: string
  modelH?: string
  error?: { code: string; message: string }
}

const setSk = (runtime: Booted, sk: Uint8Array) => call(runtime, '/dcml/v1/set-sk', { grant: grantOf(sk) })
const passTo = (from: Booted, port: number, modelH = MODEL_H) =>
  call(from, '/dcml/v1/request-sk', { host: '127.0.0.1', port, modelH: toHex(modelH) })
/** An enclave whose model is open. */
async function seeded(options: Parameters<typeof boot>[0] = {}): Promise<Booted> {
  const runtime = await boot({ model: 'x', ...options })
  await setSk(runtime, SK)
  await ready(runtime)
  return runtime
}

const ready = (runtime: Booted) => eventually(() => expect(runtime.state().phase).toBe('ready'))

test('the key goes from the publisher to A and from A to B, and both answer', async () => {
  await using a = await seeded()
  await using b = await boot({ model: 'x' })
  expect(b.state().phase).toBe('key')
  const passed = await passTo(a, b.address.port)
  expect(passed).toMatchObject({ status: 200, json: { modelH: toHex(MODEL_H) } })
  await ready(b)
  expect(b.log()).toContain('"origin":"peer"')
  expect(a.log()).toContain('"origin":"passed-on"')
})

test('a key may come before the model; a wrong one before it does not lock it out', async () => {
  await using runtime = await boot()
  for (let seed = 1; seed < 7; seed++) await setSk(runtime, new Uint8Array(32).fill(seed))
  await setSk(runtime, SK)
  await setSk(runtime, OTHER_SK)
  const loaded = await loadModel(runtime)
  expect(loaded.status).toBe(202)
  await ready(runtime)
  expect(await setSk(runtime, OTHER_SK)).toMatchObject({ status: 409, json: { error: { code: 'sk_already_set' } } })
  expect((await setSk(runtime, SK)).status).toBe(200)
})

test('a wrong key for a model that waits is refused at once', async () => {
  await using runtime = await boot({ model: 'x' })
  expect(await setSk(runtime, OTHER_SK)).toMatchObject({ status: 403, json: { error: { code: 'grant_sk_wrong' } } })
  expect(runtime.state().phase).toBe('key')
  await setSk(runtime, SK)
  await ready(runtime)
})

test('strangers who were there first cannot keep the right key out, and never push it out', async () => {
  await using runtime = await boot()
  for (let seed = 1; seed <= 8; seed++) await setSk(runtime, new Uint8Array(32).fill(seed))
  expect(await setSk(runtime, SK)).toMatchObject({ status: 503, json: { error: { code: 'keys_full' } } })
  for (let model = 1; model <= 40; model++)
    await call(runtime, '/dcml/v1/set-sk', { grant: grantOf(OTHER_SK, new Uint8Array(32).fill(model)) })
  await loadModel(runtime)
  await eventually(() => expect(runtime.state().phase).toBe('key'))
  const other = await call(runtime, '/dcml/v1/set-sk', { grant: grantOf(OTHER_SK, new Uint8Array(32).fill(1)) })
  expect(other).toMatchObject({ status: 409, json: { error: { code: 'grant_other_model' } } })
  await setSk(runtime, SK)
  await ready(runtime)
})

test('a key that was given outlasts every wrong one that follows', async () => {
  await using runtime = await boot()
  await setSk(runtime, SK)
  for (let seed = 1; seed <= 20; seed++) await setSk(runtime, new Uint8Array(32).fill(seed))
  await loadModel(runtime)
  await ready(runtime)
})

test('the image manifest restricts models and chain', async () => {
  const other = new Uint8Array(32).fill(0xcd)
  await using runtime = await boot({ manifest: manifestOf({ models: [toHex(other)] }) })
  expect(await setSk(runtime, SK)).toMatchObject({ status: 403, json: { error: { code: 'grant_model_refused' } } })
  const refused = await loadModel(runtime)
  expect([refused.status, await refused.json()]).toMatchObject([403, { error: { code: 'model_refused' } }])

  const elsewhere = encodeKeyGrant({ networkId: 'testnet', contract: 'dcml.testnet' }, other, {
    sk: SK,
    keyEpoch: 0,
    ownerContract: '',
    provenance: null,
  })
  const answer = await call(runtime, '/dcml/v1/set-sk', { grant: toBase64url(elsewhere) })
  expect(answer).toMatchObject({ status: 400, json: { error: { code: 'grant_wrong_chain' } } })
})

test('a grant that cannot be read is refused by its own code', async () => {
  await using runtime = await boot()
  for (const grant of ['AAAA', `${grantOf(SK)}AAAA`, grantOf(SK).slice(0, 40)])
    expect((await call(runtime, '/dcml/v1/set-sk', { grant })).json.error?.code).toMatch(
      /^(?:grant_malformed|bytes_not_base64url)$/,
    )
})

test('request_sk without the key, or to nobody, says so', async () => {
  await using unsure = await boot()
  await setSk(unsure, OTHER_SK)
  expect(await passTo(unsure, 1)).toMatchObject({ status: 409, json: { error: { code: 'sk_missing' } } })
  await using a = await seeded()
  expect(await passTo(a, 1)).toMatchObject({ status: 502, json: { error: { code: 'peer_unreachable' } } })
  expect(await passTo(a, a.address.port)).toMatchObject({ json: { error: { code: 'peer_is_self' } } })
})

test('request_sk does not tell what else is at an address', async () => {
  await using a = await seeded()
  const plain = createServer((socket) => void socket.on('error', () => {}).end('HTTP/1.1 400 Bad Request\r\n\r\n'))
  // no enclave, but TLS
  const { tls } = await enclaveOf(manifestOf({ name: 'web' }))
  const web = createTlsServer(tls, (socket) => void socket.on('error', () => {}).end('HTTP/1.1 404 No\r\n\r\n'))
  for (const server of [plain, web]) await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const ports = [plain, web].map((server) => (server.address() as AddressInfo).port)
  const answers = [await passTo(a, 1)]
  for (const port of ports) answers.push(await passTo(a, port))
  for (const server of [plain, web]) server.close()
  expect(answers[0]).toMatchObject({ status: 502, json: { error: { code: 'peer_unreachable', details: {} } } })
  for (const answer of answers) expect(answer).toEqual(answers[0])
  expect(a.log()).toMatch(/"cause":"peer_unreachable","reason":"ECONNREFUSED"/)
  expect(a.log()).toMatch(/"cause":"tls_failed"/)
})

test('request_sk stops dialling for a caller who keeps failing', async () => {
  await using a = await seeded()
  for (let i = 0; i < 10; i++) expect(await passTo(a, 1)).toMatchObject({ status: 502 })
  expect(await passTo(a, 1)).toMatchObject({ status: 429, json: { error: { dcmlCode: 'overloaded' } } })
})

test('request_sk refuses an enclave of another image, on both sides', async () => {
  await using a = await seeded()
  await using b = await boot({ manifest: manifestOf({ name: 'another' }) })
  const refused = await passTo(a, b.address.port)
  expect(refused).toMatchObject({ status: 403, json: { error: { code: 'attestation_refused' } } })
  expect(refused.json.error?.message).toContain('image')
  expect(b.log()).not.toContain('model key')
})

test('request_sk refuses another boot image, and everybody where none is named', async () => {
  for (const images of [[{ ...simulator.image, mrtd: '00'.repeat(48) }], []]) {
    await using a = await seeded({ peers: peers({ images }) })
    await using b = await boot()
    expect(await passTo(a, b.address.port)).toMatchObject({ json: { error: { code: 'attestation_refused' } } })
  }
})

test('B refuses a key from an A that B does not accept', async () => {
  await using a = await seeded()
  await using b = await boot({ model: 'x', peers: peers({ images: [] }) })
  const refused = await passTo(a, b.address.port)
  expect(refused).toMatchObject({ status: 403, json: { error: { code: 'peer_refused' } } })
  expect(refused.json.error?.message).toContain('attestation_refused')
  expect(b.state().phase).toBe('key')
})

test('in production a simulated enclave is refused: as this one, and as a peer', async () => {
  await expect(boot({ environment: 'production' })).rejects.toMatchObject({ code: 'tee_environment_refused' })
  // a backend that lies about itself gets its own evidence, and nothing from others
  const tee = simulator.createTee({ imageH: new Uint8Array(32) })
  await using liar = await boot({
    tee: { name: 'liar', environment: 'production', quote: (data) => tee.quote(data) },
    environment: 'production',
    peers: peers({ environment: 'production' }),
    model: 'x',
  })
  await using peer = await boot()
  const { policy, roots } = peers({ imageH: 'any', images: 'any' })
  await expect(
    connectAttested({ ...liar.address, policy: { ...policy, environment: 'production' }, roots }),
  ).rejects.toMatchObject({ code: 'attestation_refused' })
  // asked without verification, since no verified client would talk to it
  const agent = new Agent({ connect: { rejectUnauthorized: false } })
  const ask = (path: string, body: object) =>
    fetch(`${liar.url}/dcml/v1/${path}`, { method: 'POST', body: JSON.stringify(body), dispatcher: agent })
  expect((await ask('set-sk', { grant: grantOf(SK) })).status).toBe(200)
  await ready(liar)
  const answer = await ask('request-sk', { host: '127.0.0.1', port: peer.address.port, modelH: toHex(MODEL_H) })
  await agent.close()
  expect(await answer.json()).toMatchObject({ error: { code: 'attestation_refused' } })
  expect(peer.log()).not.toContain('model key')
})

test('request_sk refuses a peer whose evidence is stale', async () => {
  await using a = await seeded()
  await using b = await boot({ clock: () => Date.now() - 3600_000 })
  expect(await passTo(a, b.address.port)).toMatchObject({ json: { error: { code: 'attestation_refused' } } })
})

/** A man in the middle: one that ends TLS with a key of its own, or one that only hands on bytes. */
async function relayTo(target: Booted, kind: 'ends TLS' | 'hands on'): Promise<Server> {
  const onSocket = (near: Socket): void => {
    const far =
      kind === 'ends TLS'
        ? tlsConnect({ ...target.address, rejectUnauthorized: false, ALPNProtocols: ['http/1.1'] })
        : tcpConnect(target.address.port, target.address.host)
    near.on('error', () => far.destroy()).pipe(far)
    far.on('error', () => near.destroy()).pipe(near)
  }
  // any key and certificate would do: an enclave's are at hand
  const { tls } = await enclaveOf(manifestOf({ name: 'relay' }))
  const server = kind === 'ends TLS' ? createTlsServer(tls, onSocket) : createServer(onSocket)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return server
}

/** An enclave in the hands of this test. */
const enclaveOf = (manifest: Uint8Array): Promise<Enclave> =>
  createEnclave({ tee: simulator.createTee({ imageH: imageH(manifest) }), manifest })

test('a relay that ends TLS itself gets no key; one that only passes bytes on learns none', async () => {
  await using a = await seeded()
  await using b = await boot({ model: 'x' })
  const ending = await relayTo(b, 'ends TLS')
  const refused = await passTo(a, (ending.address() as AddressInfo).port)
  expect(refused).toMatchObject({ json: { error: { code: 'attestation_refused' } } })
  expect(refused.json.error?.message).toMatch(/exporter|tls/i)
  expect(b.state().phase).toBe('key')
  ending.close()
  const passing = await relayTo(b, 'hands on')
  expect((await passTo(a, (passing.address() as AddressInfo).port)).status).toBe(200)
  await ready(b)
  passing.close()
})

test('a peer’s evidence counts once, on its own connection', async () => {
  await using b = await boot()
  const exchange = new PeerExchange({ enclave: await enclaveOf(manifestOf()), ...peers() })
  const first = await exchange.dial(b.address)
  const second = await exchange.dial(b.address)
  const third = await exchange.dial(b.address)
  const over = (connection: typeof first, evidence: unknown): Promise<string> =>
    new Promise((resolve, reject) => {
      const body = JSON.stringify({ grant: grantOf(SK), evidence })
      connection.socket.once('data', (data: Buffer) => resolve(data.toString()))
      connection.socket.once('error', reject)
      connection.socket.write(
        `POST /dcml/v1/set-sk HTTP/1.1\r\nHost: b\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
      )
    })
  expect(await over(second, first.evidence)).toContain('attestation_refused')
  expect(await over(second, second.evidence)).toContain('peer_challenge_missing')
  expect(await over(first, first.evidence)).toMatch(/^HTTP\/1.1 200 /)
  expect(await over(first, first.evidence)).toContain('peer_challenge_missing')
  const { claims: _, ...halved } = third.evidence
  expect(await over(third, halved)).toContain('evidence_format')
  expect(await over(third, third.evidence)).toContain('peer_challenge_missing')
  for (const { socket } of [first, second, third]) socket.destroy()
})

test('an evidence request that cannot be read is refused by its own code', async () => {
  await using runtime = await boot()
  const fetch = attestedFetch(runtime)
  const nonce = 'A'.repeat(43)
  for (const query of ['', 'nonce=AAAA', `nonce=${nonce}&nonce=${nonce}`, `nonce=${nonce}&purpose=peer-initiator`]) {
    const response = await fetch(`${runtime.url}/dcml/v1/evidence?${query}`)
    expect([response.status, await response.json()]).toMatchObject([
      400,
      { error: { code: 'evidence_request_invalid' } },
    ])
  }
  await fetch.close()
})

test('evidence names the model once it is loaded', async () => {
  await using served = await serving()
  const { policy, roots } = peers({ imageH: 'any' })
  const connection = await connectAttested({
    ...served.runtime.address,
    policy: { ...policy, modelH: [toHex(MODEL_H)] },
    roots,
  })
  expect(toHex(connection.result.claims.modelH!)).toBe(toHex(MODEL_H))
  expect(toHex(connection.result.claims.sessionKey)).toBe(toHex(served.runtime.sessionKey))
  connection.socket.destroy()
})

test('load_model is the operator’s: by the admin port, or by token where there is one', async () => {
  await using closed = await boot()
  expect(await call(closed, '/dcml/v1/load-model', { path: 'x' })).toMatchObject({ status: 401 })
  await using open = await boot({ operatorToken: 'let me' })
  const fetch = attestedFetch(open)
  const load = (token: string) =>
    fetch(`${open.url}/dcml/v1/load-model`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}` },
      body: '{"path":"x"}',
    })
  expect((await load('let you')).status).toBe(401)
  expect((await load('let me')).status).toBe(202)
  expect(await (await fetch(`${open.url}/dcml/v1/model-h`)).json()).toEqual({ phase: 'key', modelH: toHex(MODEL_H) })
  await fetch.close()
  expect(open.state()).toMatchObject({ phase: 'key', sealed: { name: sealedWith(SK).name } })
})
