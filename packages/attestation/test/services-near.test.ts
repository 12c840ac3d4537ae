// Faults of NEAR AI Cloud and of those who verify it, and lies that its formats invite: each is refused by its check.
import { toHex, utf8 } from '@dcml/protocol'
import { describe, expect, test } from 'vitest'
import {
  compose,
  connection,
  failed,
  gpus,
  hash,
  judgeText,
  machine,
  nearGateway,
  nearMachine,
  nearSignature,
  nonce,
  now,
  options,
  other,
  passed,
  tlsSpki,
} from './services-world.ts'

describe('NEAR AI Cloud', () => {
  test('an honest gateway with its model holds, in development', async () => {
    const judgement = await judgeText(nearGateway(), { connection })
    expect(failed(judgement)).toEqual([])
    expect(judgement).toMatchObject({ verdict: 'holds', environment: 'development', needs: [] })
    expect(judgement.parts.map(({ name }) => name)).toEqual([
      'gateway',
      'model 1 (a/model)',
      'compose manager of model 1 (a/model)',
    ])
    expect(judgement.warnings.map(({ code }) => code)).toEqual(['key_binding', 'development'])
    expect(judgement.notProven.join()).toMatch(/Which model answers.*compose manager/)
  })

  test.each(['ed25519', 'ecdsa'] as const)(
    'a machine with an %s key holds, with and without TLS key',
    async (algorithm) => {
      const bound = await judgeText(nearMachine({ algorithm }), { connection })
      expect(failed(bound)).toEqual([])
      const unbound = await judgeText(nearMachine({ algorithm, tls: false }))
      expect([unbound.verdict, unbound.warnings[0]!.code]).toEqual(['holds', 'tls_key_not_named'])
    },
  )

  test('one machine that stands in the list of all too is judged once', async () => {
    const own = nearMachine()
    const { parts } = await judgeText({ ...own, all_attestations: [own, nearMachine({ algorithm: 'ecdsa' })] })
    expect(parts.filter(({ name }) => name.startsWith('model'))).toHaveLength(2)
  })

  const bent = (bend: (near: ReturnType<typeof nearMachine>) => object) => bend(nearMachine())
  test.each<[string, string[], object, object?]>([
    // teep issue 150
    [
      'encrypts to a key that is not attested',
      ['service_encryption_key'],
      bent((near) => ({ ...near, signing_public_key: toHex(other) })),
    ],
    [
      'names another signer than the quote',
      ['service_report_data'],
      bent((near) => ({ ...near, signing_address: toHex(other) })),
    ],
    [
      'names another TLS key than the quote',
      ['service_report_data'],
      bent((near) => ({ ...near, tls_cert_fingerprint: toHex(other) })),
    ],
    // Morpheus issue 675
    [
      'is a stolen quote on another host',
      ['service_tls_key'],
      nearMachine(),
      { connection: { nonce, tlsSpki: other } },
    ],
    [
      'names no TLS key, so that any host can serve it',
      ['service_tls_key'],
      nearMachine({ tls: false }),
      { connection },
    ],
    ['is old', ['service_nonce', 'service_nonce'], nearMachine(), { connection: { nonce: other, tlsSpki } }],
    [
      'claims another nonce than it quotes',
      ['service_nonce', 'service_nonce'],
      bent((near) => ({ ...near, request_nonce: toHex(other) })),
    ],
    [
      'brings another app-compose text',
      ['service_compose_hash'],
      bent((near) => ({ ...near, info: { ...near.info, tcb_info: { app_compose: `${compose} ` } } })),
    ],
    [
      'hides an event',
      ['service_event_log'],
      bent((near) => ({ ...near, event_log: (near.event_log as object[]).slice(0, -1) })),
    ],
    ['has no event log', ['service_event_log'], bent(({ event_log: _, ...near }) => near)],
    [
      'swaps the key of Oblivious HTTP',
      ['service_ohttp_key'],
      bent((near) => ({ ...near, ohttp_attestation: { ...near.ohttp_attestation, key_config: '00' } })),
    ],
    [
      'has the key of Oblivious HTTP signed by another',
      ['service_ohttp_key'],
      bent((near) => ({ ...near, ohttp_attestation: { ...near.ohttp_attestation, signing_key: toHex(other) } })),
    ],
    [
      'leaves actions of the compose manager out',
      ['service_report_data'],
      bent((near) => ({ ...near, compose_manager_attestation: { ...near.compose_manager_attestation, actions: [] } })),
    ],
  ])('evidence is refused that %s', async (_, expected, answer, more = {}) => {
    const judgement = await judgeText(answer, more)
    expect(failed(judgement)).toEqual(expected)
    expect(judgement.verdict).toBe('refused')
  })

  test('a compose manager of another machine is refused', async () => {
    const near = nearMachine()
    const manager = near.compose_manager_attestation
    const quote = machine(other).quote(
      Uint8Array.from([...hash('sha256', utf8(JSON.stringify(manager.actions))), ...nonce]),
    )
    const answer = { ...near, compose_manager_attestation: { ...manager, quote: toHex(quote) } }
    expect(failed(await judgeText(answer))).toEqual(['service_same_machine'])
  })

  test('a gateway with another certificate than it quotes is refused', async () => {
    const gateway = nearGateway()
    const { privateKey, publicKey } = (await import('node:crypto')).generateKeyPairSync('ec', { namedCurve: 'P-256' })
    const { selfSignedCertificate } = await import('../src/node/certificate.ts')
    const answer = { ...gateway, tls_certificate: selfSignedCertificate(privateKey, publicKey, 'x', now) }
    expect(failed(await judgeText(answer))).toEqual(['service_tls_certificate'])
  })

  test('the hash of an app-compose text is over its exact bytes, never over a canonical form', async () => {
    const canonical = hash(
      'sha256',
      utf8(JSON.stringify(Object.fromEntries(Object.entries(JSON.parse(compose)).sort()))),
    )
    const { log, quote } = machine(canonical)
    const near = nearMachine({ tls: false })
    const address = Buffer.from(near.signing_address, 'hex')
    const answer = {
      ...near,
      event_log: log,
      intel_quote: toHex(quote(Uint8Array.from([...address, ...nonce]))),
      compose_manager_attestation: null,
    }
    const judgement = await judgeText(answer)
    expect(failed(judgement)).toEqual(['service_compose_hash'])
    expect(judgement.checks.find(({ name }) => name === 'service_compose_hash')!.why).toMatch(/canonical/)
  })

  test('without collateral nothing about the machine is green, and the verdict is open', async () => {
    const judgement = await judgeText(nearMachine(), { collateral: [], connection })
    expect(judgement).toMatchObject({ verdict: 'incomplete', ok: false, environment: undefined })
    expect(judgement.needs).toMatchObject([
      { kind: 'tdx-collateral', ca: 'platform', fmspc: expect.stringMatching(/^[0-9A-F]{12}$/) },
    ])
    expect(passed(judgement)).not.toContain('quote_signature')
    expect(passed(judgement)).not.toContain('tcb_status')
    const lying = await judgeText({ ...nearMachine(), signing_address: toHex(other) }, { collateral: [] })
    expect(lying.verdict).toBe('refused')
  })

  test('development evidence is refused by the policy that is used where none is given', async () => {
    const { policy: _, ...production } = options
    const { judge, recognise } = await import('../src/services.ts')
    const judgement = await judge(recognise(JSON.stringify(nearMachine()))!, production)
    expect(failed(judgement)).toContain('environment')
  })
})

describe('GPUs of NEAR AI Cloud', async () => {
  const { list, rims } = await gpus(1)
  const payload = { arch: 'HOPPER', nonce: toHex(nonce), evidence_list: list }
  const withGpu = (gpu: unknown) => ({ ...nearMachine(), nvidia_payload: JSON.stringify(gpu) })

  test('genuine ones without manifests leave the verdict open; with them it holds', async () => {
    const open = await judgeText(withGpu(payload))
    expect(open).toMatchObject({ verdict: 'incomplete', needs: [{ kind: 'gpu-rims' }] })
    expect(passed(open)).toContain('gpu_signature')
    expect(passed(open)).not.toContain('gpu_measurements')
    const [need] = open.needs as unknown as [{ ids: string[] }]
    const closed = await judgeText(withGpu(payload), {
      rims: Object.fromEntries(need.ids.map((id, i) => [id, rims[i]!])),
    })
    expect(failed(closed)).toEqual([])
    expect(closed.verdict).toBe('holds')
  })

  // Phala's page showed "GPU verified" for evidence that nobody had looked at (Bluethroat Labs, 2026)
  test('a verdict without a device that signed is refused, however it is spelled', async () => {
    const evidence = Buffer.from(list[0]!.evidence, 'base64')
    evidence[evidence.length - 1]! ^= 1
    const forged = {
      ...payload,
      verified: true,
      evidence_list: [{ ...list[0], evidence: evidence.toString('base64') }],
    }
    expect(failed(await judgeText(withGpu(forged)))).toEqual(['gpu_signature'])
  })

  test('evidence for another nonce than the quote carries is refused, whatever stands beside it', async () => {
    const { list: old } = await gpus(1, other)
    const answer = { ...withGpu({ evidence_list: old, nonce: toHex(other) }), request_nonce: toHex(other) }
    expect(failed(await judgeText(answer, { connection: { nonce } }))).toContain('gpu_nonce')
  })
})

describe('a signature of NEAR AI Cloud', () => {
  const [request, response] = [utf8('{"a":1}'), utf8('{"b":2}')]
  const hashes = `${toHex(hash('sha256', request))}:${toHex(hash('sha256', response))}`
  const { recognised } = {
    recognised: async (answer: object) => (await import('../src/services.ts')).recognise(JSON.stringify(answer))!,
  }

  test.each([
    ['ed25519', hashes],
    ['ecdsa', hashes],
    ['ed25519', `org/model:v1:${hashes}`],
  ] as const)('by %s over %s holds with the report that attests its key', async (algorithm, text) => {
    const report = await recognised(nearMachine({ algorithm }))
    const judgement = await judgeText(nearSignature(text, algorithm), { report, exchange: { request, response } })
    expect(failed(judgement)).toEqual([])
    expect(judgement).toMatchObject({ verdict: 'holds', environment: 'development' })
  })

  test('alone it is worth what attests its key: the verdict is open', async () => {
    const judgement = await judgeText(nearSignature(hashes, 'ecdsa'))
    expect(judgement).toMatchObject({ verdict: 'incomplete', needs: [{ kind: 'near-ai-report' }] })
  })

  test.each(['ed25519', 'ecdsa'] as const)(
    'by %s is refused over another text, by another key, about another exchange',
    async (algorithm) => {
      const signed = nearSignature(hashes, algorithm)
      expect(failed(await judgeText({ ...signed, text: `x:${hashes}` }))).toEqual(['service_signature'])
      expect(failed(await judgeText(nearSignature('anything', algorithm)))).toEqual(['service_signed_text'])
      const stranger = await recognised(nearMachine({ algorithm: algorithm === 'ecdsa' ? 'ed25519' : 'ecdsa' }))
      expect(failed(await judgeText(signed, { report: stranger }))).toEqual(['service_signer_attested'])
      const swapped = { request: response, response: request }
      expect(failed(await judgeText(signed, { exchange: swapped }))).toEqual([
        'service_request_hash',
        'service_response_hash',
      ])
    },
  )
})
