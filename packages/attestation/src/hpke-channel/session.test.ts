// A browser and an enclave in a simulated TEE, from the offer to the first answer.
import { utf8 } from '@dcml/protocol'
import { createSimulator } from '@dcml/tee-simulator'
import { expect, test } from 'vitest'
import { imageH } from '../evidence/manifest.ts'
import { createEnclave } from '../node/enclave.ts'
import { development } from '../policy/presets.ts'
import { type ChannelOffer, offerChannel } from './client.ts'
import { ChannelSessions } from './enclave.ts'
import { type ChannelAnswer, parseChannelAnswer, parseChannelRequest } from './wire.ts'

const manifest = utf8(
  JSON.stringify({ v: 1, name: 'x', image: `sha256:${'0'.repeat(64)}`, command: [], env: {}, models: 'any' }),
)
const simulator = await createSimulator()
const enclave = await createEnclave({ tee: simulator.createTee({ imageH: imageH(manifest) }), manifest })
const roots = [simulator.rootPem]
const BINDINGS = ['session-signed', 'session-quoted'] as const

const sessions = new ChannelSessions({ clock: Date.now })
const attest = ({ request }: ChannelOffer): Promise<ChannelAnswer> =>
  sessions.attest(parseChannelRequest(request), (session) => enclave.browserEvidence(session))
const json = (value: unknown): Uint8Array => utf8(JSON.stringify(value))
const accept = (offer: ChannelOffer, answer: unknown, binding: (typeof BINDINGS)[number]) =>
  offer.accept(json(answer), { policy: development({ binding }), roots, now: new Date() })
const refusedBy = (failed: string) => expect.objectContaining({ code: 'attestation_refused', details: { failed } })

test.each(BINDINGS)('%s: a session is verified, and carries a request and its answer', async (binding) => {
  const offer = await offerChannel(binding)
  const answer = await attest(offer)
  expect(answer.signature === undefined).toBe(binding === 'session-quoted')
  const channel = await accept(offer, answer, binding)
  expect(channel).toMatchObject({ lifetimeMs: 900_000, evidence: answer.evidence, attested: { ok: true } })
  const sealed = await channel.seal({ method: 'POST', path: '/x', headers: [] }, utf8('hello'))
  const opened = await sessions.open(parseChannelAnswer(json(answer)).session, sealed.payload)
  expect(opened.body).toEqual(utf8('hello'))
  const sealer = await opened.answer()
  const pieces = [await sealer.head({ status: 200, headers: [] }), await sealer.body(utf8('yes')), await sealer.end()]
  const { head, body } = await sealed.open(ReadableStream.from(pieces) as ReadableStream<Uint8Array>)
  expect([head.status, await new Response(body as never).text()]).toEqual([200, 'yes'])
})

test('every session has a key of the enclave of its own', async () => {
  const answers = await Promise.all([1, 2].map(async () => attest(await offerChannel('session-signed'))))
  const keys = answers.map(({ hpkeKey }) => hpkeKey)
  expect(new Set([...keys, enclave.hpkeKey.export({ format: 'jwk' }).x]).size).toBe(3)
})

test('whoever swaps a key, a nonce, or the evidence between two sessions is refused', async () => {
  const other = await attest(await offerChannel('session-signed'))
  const offer = await offerChannel('session-signed')
  const answer = await attest(offer)
  const swapped = { ...answer, hpkeKey: other.hpkeKey }
  await expect(accept(offer, swapped, 'session-signed')).rejects.toThrow(refusedBy('session_signature'))
  await expect(accept(offer, other, 'session-signed')).rejects.toThrow(refusedBy('session_signature'))
  const { hpkeKey: _, ...keyless } = answer
  await expect(accept(offer, keyless, 'session-signed')).rejects.toThrow(
    expect.objectContaining({ code: 'evidence_malformed' }),
  )
  // without either the quote itself would have to be of this session
  const { signature: _s, ...bare } = keyless
  await expect(accept(offer, bare, 'session-signed')).rejects.toThrow(refusedBy('nonce,client_key'))

  const quoted = await offerChannel('session-quoted')
  const another = await attest(await offerChannel('session-quoted'))
  await expect(accept(quoted, another, 'session-quoted')).rejects.toThrow(refusedBy('nonce,client_key'))
  // a signature is no quote
  await expect(accept(quoted, answer, 'session-quoted')).rejects.toThrow(refusedBy('session_signature'))
})

test('evidence that was made for TLS opens no session', async () => {
  const offer = await offerChannel('session-quoted')
  const answer = await attest(offer)
  const { nonce } = parseChannelRequest(offer.request)
  const evidence = await enclave.quote({ purpose: 'session', nonce, tlsSpki: enclave.tlsSpki })
  await expect(accept(offer, { ...answer, evidence }, 'session-quoted')).rejects.toThrow(
    refusedBy('purpose,client_key'),
  )
})
