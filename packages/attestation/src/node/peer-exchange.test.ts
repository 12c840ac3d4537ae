// request_sk (paper §4): the initiator holds a key, the responder wants it, and the network between them is hostile.
import { connect as connectTls, type TLSSocket } from 'node:tls'
import { toHex } from '@dcml/protocol'
import { expect, onTestFinished, test } from 'vitest'
import { failures, manifest, policyFor, refusal, relay, serve, simulator, startEnclave } from '../../test/world.ts'
import type { AttestationRefused } from '../channel/refused.ts'
import { imageH } from '../evidence/manifest.ts'
import { connectAttested } from './connect.ts'
import type { Enclave } from './enclave.ts'
import { connectionExporter } from './exporter.ts'
import { type PeerConnection, PeerExchange, type PeerExchangeOptions } from './peer-exchange.ts'

interface Peer {
  enclave: Enclave
  exchange: PeerExchange
  host: string
  port: number
  /** Outcome of each `admit`: the boot id of whom it let in, or the code and failed checks of the refusal. */
  outcomes: string[]
  requests: string[]
}

/** SEPT_VE_DISABLE, as every TD here, and PERFMON (bits 28 and 63). */
const withPerfmon = Uint8Array.of(0, 0, 0, 0x10, 0, 0, 0, 0x80)

const verdict = (error: AttestationRefused): string => [error.code, ...failures(error.checks ?? [])].join(' ')

/** An enclave that serves evidence and takes keys as the runtime's set-sk does. */
async function startPeer(options: Partial<PeerExchangeOptions> = {}): Promise<Peer> {
  const { roots } = await simulator()
  const enclave = options.enclave ?? (await startEnclave())
  const exchange = new PeerExchange({ policy: await policyFor(), roots, ...options, enclave })
  const outcomes: string[] = []
  const target = await serve(enclave, {
    attest: (socket, request) => exchange.attest(socket, request),
    reply: async (body, socket) => {
      const outcome = await exchange
        .admit(socket, JSON.parse(body).evidence)
        .then(({ claims }) => toHex(claims.boot), verdict)
      outcomes.push(outcome)
      return outcome
    },
  })
  return { ...target, enclave, exchange, outcomes }
}

async function dial(from: Peer, to: { host: string; port: number }): Promise<PeerConnection> {
  const connection = await from.exchange.dial(to)
  onTestFinished(() => void connection.socket.destroy())
  return connection
}

/** Posts evidence with a key, as the initiator does, and resolves to the responder's outcome. */
function setSk(socket: TLSSocket, evidence: unknown): Promise<string> {
  const body = JSON.stringify({ evidence })
  socket.write(
    `POST /dcml/v1/set-sk HTTP/1.1\r\nHost: peer\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  )
  return new Promise((resolve) => {
    let text = ''
    const read = (chunk: Buffer): void => {
      text += chunk
      const [, outcome] = /\r\n\r\n(.+)$/s.exec(text) ?? []
      if (outcome === undefined) return
      socket.off('data', read)
      resolve(outcome)
    }
    socket.on('data', read)
  })
}

const machines = {
  TDX: { tee: 'tdx' as const },
  'SEV-SNP': { tee: 'snp' as const },
  'TDX with GPUs and switches': { tee: 'tdx' as const, gpus: 8, switches: 4 },
  'SEV-SNP with a GPU': { tee: 'snp' as const, gpus: 1 },
}

test.each(Object.entries(machines))(
  'two enclaves of one image verify each other on one connection: %s',
  async (_, machine) => {
    const peer = async (): Promise<Peer> => {
      const { gpus = 0, switches = 0 } = machine as { gpus?: number; switches?: number }
      const tee = (await simulator()).createTee({ imageH: imageH(manifest()), ...machine })
      const policy = await policyFor(gpus > 0 ? { gpu: { count: gpus, switches } } : {})
      return startPeer({ enclave: await startEnclave({ tee }), policy })
    }
    const [holder, seeker] = [await peer(), await peer()]
    const { socket, evidence, result } = await dial(holder, seeker)
    expect(result.claims).toMatchObject({ purpose: 'peer-responder', boot: seeker.enclave.boot })
    expect(seeker.requests).toEqual([])
    expect(await setSk(socket, evidence)).toBe(toHex(holder.enclave.boot))
  },
)

test('an enclave without GPUs gets no key that is for one with them', async () => {
  const holder = await startPeer({ policy: await policyFor({ gpu: {} }) })
  expect(verdict((await refusal(dial(holder, await startPeer()))) as never)).toBe(
    'attestation_refused gpu_count gpu_evidence',
  )
})

test('GPU evidence of another connection of the same machine is refused', async () => {
  const tee = (await simulator()).createTee({ imageH: imageH(manifest()), gpus: 1 })
  const policy = await policyFor({ gpu: {} })
  const peer = async () => startPeer({ enclave: await startEnclave({ tee }), policy })
  const [holder, seeker] = [await peer(), await peer()]
  const [first, second] = [await dial(holder, seeker), await dial(holder, seeker)]
  const mixed = { ...second.evidence, gpu: first.evidence.gpu }
  expect(await setSk(second.socket, mixed)).toBe('attestation_refused gpu_nonce gpu_evidence')
})

test('a challenge is good for one answer', async () => {
  const [holder, seeker] = [await startPeer(), await startPeer()]
  const { socket, evidence } = await dial(holder, seeker)
  await setSk(socket, evidence)
  expect(await setSk(socket, evidence)).toBe('peer_challenge_missing')
})

test('a challenge is spent by a wrong answer too', async () => {
  const [holder, seeker] = [await startPeer(), await startPeer()]
  const { socket, evidence } = await dial(holder, seeker)
  expect(await setSk(socket, { ...evidence, manifest: '' })).toContain('attestation_refused')
  expect(await setSk(socket, evidence)).toBe('peer_challenge_missing')
})

test('a challenge that waited too long is void', async () => {
  let now = Date.now()
  const [holder, seeker] = [await startPeer(), await startPeer({ clock: () => now, challengeTtlMs: 5000 })]
  const { socket, evidence } = await dial(holder, seeker)
  now += 5001
  expect(await setSk(socket, evidence)).toBe('peer_challenge_missing')
})

test('evidence from another connection of the same two peers is refused', async () => {
  const [holder, seeker] = [await startPeer(), await startPeer()]
  const [first, second] = [await dial(holder, seeker), await dial(holder, seeker)]
  expect(await setSk(second.socket, first.evidence)).toBe('attestation_refused nonce exporter')
})

test('evidence made for a client is not a peer’s', async () => {
  const [holder, seeker] = [await startPeer(), await startPeer()]
  const { socket, challenge, exporter, result } = await dial(holder, seeker)
  const evidence = await holder.enclave.quote({
    purpose: 'session',
    nonce: challenge!,
    exporter: exporter!,
    tlsSpki: result.claims.tlsSpki,
  })
  expect(await setSk(socket, evidence)).toMatch(/^attestation_refused purpose/)
})

test('a connection that asked for no challenge has none', async () => {
  const [holder, seeker] = [await startPeer(), await startPeer()]
  const { evidence } = await dial(holder, seeker)
  const socket = connectTls({ host: seeker.host, port: seeker.port, rejectUnauthorized: false })
  onTestFinished(() => void socket.destroy())
  expect(await setSk(socket, evidence)).toBe('peer_challenge_missing')
})

test('no evidence at all is refused by name', async () => {
  const [holder, seeker] = [await startPeer(), await startPeer()]
  const { socket } = await dial(holder, seeker)
  expect(await setSk(socket, undefined)).toBe('attestation_refused evidence_format')
})

test('another image gets no key and may give none', async () => {
  const bytes = manifest('other')
  const other = await startPeer({ enclave: await startEnclave({ manifest: bytes }) })
  const holder = await startPeer()
  expect(verdict((await refusal(dial(holder, other))) as never)).toBe('attestation_refused image_h')

  const { roots } = await simulator()
  const policy = await policyFor({ imageH: 'any' })
  const { socket, challenge } = await connectAttested({
    ...holder,
    policy,
    roots,
    purpose: 'peer-responder',
  })
  onTestFinished(() => void socket.destroy())
  const evidence = await other.enclave.quote({
    purpose: 'peer-initiator',
    nonce: challenge!,
    exporter: connectionExporter(socket, challenge!),
    tlsSpki: holder.enclave.tlsSpki,
  })
  expect(await setSk(socket, evidence)).toBe('attestation_refused image_h')
})

test('a policy cannot be so lax as to let another image in', async () => {
  const other = await startPeer({ enclave: await startEnclave({ manifest: manifest('other') }) })
  const holder = await startPeer({ policy: await policyFor({ imageH: 'any', binding: 'key' }) })
  expect(verdict((await refusal(dial(holder, other))) as never)).toBe('attestation_refused image_h')
})

test('a policy cannot tolerate a weakened TD', async () => {
  const tee = (await simulator()).createTee({ imageH: imageH(manifest()), tdAttributes: withPerfmon })
  const weak = await startPeer({ enclave: await startEnclave({ tee }) })
  const holder = await startPeer({ policy: await policyFor({ td: { perfmon: true } }) })
  expect(verdict((await refusal(dial(holder, weak))) as never)).toBe('attestation_refused td_perfmon')
})

test('an enclave on real hardware gives nothing to a simulated one, whatever its policy says', async () => {
  const tee = (await simulator()).createTee({ imageH: imageH(manifest()) })
  const real = await startEnclave({ tee: { name: 'tdx', environment: 'production', quote: (data) => tee.quote(data) } })
  const [holder, simulated] = [
    await startPeer({ enclave: real, policy: await policyFor({ tee: ['tdx'] }) }),
    await startPeer(),
  ]
  expect(verdict((await refusal(dial(holder, simulated))) as never)).toMatch(/^attestation_refused environment/)
  expect(simulated.requests).toEqual([])
})

test('a policy for real hardware has to know the boot images', async () => {
  const tee = (await simulator()).createTee({ imageH: imageH(manifest()) })
  const real = await startEnclave({ tee: { name: 'tdx', environment: 'production', quote: (data) => tee.quote(data) } })
  const { image } = await simulator()
  for (const images of ['any' as const, [{ ...image, rtmr1: 'any' }]]) {
    const policy = await policyFor({ images })
    expect(() => new PeerExchange({ enclave: real, policy })).toThrow(
      expect.objectContaining({ code: 'key_policy_too_wide' }),
    )
  }
})

test('an enclave does not pass a key to itself', async () => {
  const holder = await startPeer()
  expect(await refusal(dial(holder, holder))).toMatchObject({ code: 'peer_is_self' })
  expect(holder.requests).toEqual([])
})

test('a relay between two peers gets nothing, even with the leaked TLS key of one', async () => {
  const [holder, seeker] = [await startPeer(), await startPeer()]
  const between = await relay(seeker, seeker.enclave.tls)
  expect(verdict((await refusal(dial(holder, between))) as never)).toBe('attestation_refused exporter')
  expect(between.received()).toMatch(/^GET \/dcml\/v1\/evidence\?\S+ HTTP\/1.1\r\n/)
  expect(between.received()).not.toContain('POST')
})

test('a peer that gives no challenge is left alone', async () => {
  const holder = await startPeer()
  const plain = await serve(await startEnclave())
  expect(await refusal(dial(holder, plain))).toMatchObject({ code: 'peer_challenge_missing' })
  expect(plain.requests).toEqual([])
})
