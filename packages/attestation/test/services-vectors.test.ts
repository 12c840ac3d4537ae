// What services that exist have served, judged at the time of its capture. Skipped where the vectors are absent.
import { fromHex, toHex } from '@dcml/protocol'
import { describe, expect, test } from 'vitest'
import { findVector } from '../../../test/vectors.ts'
import type { TdxCollateral } from '../src/index.ts'
import { firstCertificate } from '../src/services/certificate.ts'
import { type JudgeOptions, judge, recognise } from '../src/services.ts'
import { failed, hash } from './services-world.ts'

type Name = Parameters<typeof findVector>[0]
const find = (name: string) => findVector(`attestation/services/${name}` as Name)
const json = (bytes: Uint8Array) => JSON.parse(new TextDecoder().decode(bytes))

function load(folder: string) {
  const [answer, facts] = [find(`${folder}/answer.json`), find(`${folder}/connection.json`)]
  if (!answer || !facts) return undefined
  const { now, nonce, peerSpki } = json(facts) as { now: string; nonce: string; peerSpki: string | null }
  const connection = {
    nonce: fromHex(nonce),
    ...(peerSpki !== null && { tlsSpki: hash('sha256', fromHex(peerSpki)) }),
  }
  return { recognised: recognise(answer)!, answer, options: { now: new Date(now), connection } satisfies JudgeOptions }
}

const collateral = (...folders: string[]): TdxCollateral[] =>
  folders.flatMap((folder) => {
    const bytes = find(`${folder}/collateral.json`)
    return bytes ? [json(bytes) as TdxCollateral] : []
  })

const [GATEWAY, DIRECT, OLD] = ['near-ai/gateway-2026-06-29', 'near-ai/direct-2026-06-29', 'near-ai/gateway-2026-04-24']
const near = load(GATEWAY)
const others = { direct: load(DIRECT), old: load(OLD) }

describe.skipIf(!near || !others.direct || !others.old)('NEAR AI Cloud', () => {
  const intel = collateral(GATEWAY, DIRECT)

  test('a gateway and its model pass every check that their evidence reaches', async () => {
    const judgement = await judge(near!.recognised, { ...near!.options, collateral: intel })
    expect(failed(judgement)).toEqual([])
    expect(judgement.environment).toBe('production')
    expect(judgement.parts).toHaveLength(3)
    expect(judgement.parts.map(({ facts }) => facts.tcb)).toEqual(['UpToDate', 'UpToDate', 'UpToDate'])
    expect(judgement.parts[1]!.facts.gpus).toMatch(/^8: GH100, driver 570\.172\.08/)
  })

  test('what they leave out is named: manifests of the GPUs, and all evidence of the switches', async () => {
    const { verdict, needs } = await judge(near!.recognised, { ...near!.options, collateral: intel })
    expect(verdict).toBe('incomplete')
    expect(needs).toEqual([
      {
        kind: 'gpu-rims',
        ids: ['NV_GPU_DRIVER_GH100_570.172.08', 'NV_GPU_VBIOS_G520_0280_895_9600CF0002'],
      },
      { kind: 'gpu-switches' },
    ])
  })

  test('a machine that is asked directly is bound to its own connection', async () => {
    const { recognised, options } = others.direct!
    expect(failed(await judge(recognised, { ...options, collateral: intel }))).toEqual([])
    const elsewhere = { ...options.connection, tlsSpki: new Uint8Array(32) }
    expect(failed(await judge(recognised, { ...options, collateral: intel, connection: elsewhere }))).toEqual([
      'service_tls_key',
    ])
  })

  test('the platform of April 2026, which its own verifier accepts, is refused as out of date', async () => {
    const judgement = await judge(others.old!.recognised, { ...others.old!.options, collateral: collateral(OLD) })
    expect(failed(judgement).slice(0, 2)).toEqual(['tcb_status', 'tcb_advisories'])
    expect(judgement.parts[0]!.facts).toMatchObject({ tcb: 'OutOfDate', advisories: expect.stringMatching(/INTEL-SA/) })
  })

  test('of a bent report nothing holds', async () => {
    const report = json(others.direct!.answer)
    const bent = { ...report, signing_public_key: '00'.repeat(32), tls_cert_fingerprint: '00'.repeat(32) }
    const judgement = await judge(recognise(bent)!, { ...others.direct!.options, collateral: intel })
    expect(failed(judgement)).toContain('service_report_data')
    expect(judgement.verdict).toBe('refused')
  })
})

const tdx = load('tinfoil/v3-tdx-2026-06-29')
const snp = load('tinfoil/v3-snp-2026-06-29')
const [vek, chain] = [find('tinfoil/v3-snp-2026-06-29/vcek.der'), find('tinfoil/v3-snp-2026-06-29/cert_chain.pem')]
const bundle = find('tinfoil/v2-snp-2026-01/bundle.json')

describe.skipIf(!tdx || !snp || !vek || !chain || !bundle)('Tinfoil', () => {
  // AMD gives the ASK first, then the ARK
  const issuers = () => {
    const pem = new TextDecoder().decode(chain)
    return { ask: firstCertificate(pem), ark: firstCertificate(pem.slice(pem.indexOf('-----END') + 20)) }
  }

  test('a TDX enclave with a GPU passes every check that its evidence reaches', async () => {
    const given = { ...tdx!.options, collateral: collateral('tinfoil/v3-tdx-2026-06-29') }
    const judgement = await judge(tdx!.recognised, given)
    expect(failed(judgement)).toEqual([])
    expect(judgement).toMatchObject({ verdict: 'incomplete', environment: 'production', needs: [{ kind: 'gpu-rims' }] })
    const names = judgement.checks.filter(({ status }) => status === 'pass').map(({ name }) => name)
    for (const name of ['quote_signature', 'service_tls_key', 'service_signature', 'service_gpu_hash', 'gpu_nonce'])
      expect(names).toContain(name)
  })

  test('a SEV-SNP enclave holds with the certificates of its chip, and says which it needs', async () => {
    expect(
      await judge(snp!.recognised, { ...snp!.options, snpCertificates: [{ vek: vek!, ...issuers() }] }),
    ).toMatchObject({ verdict: 'holds' })
    const { verdict, needs } = await judge(snp!.recognised, snp!.options)
    expect([verdict, needs]).toMatchObject([
      'incomplete',
      [{ kind: 'snp-certificates', product: 'Genoa', tcb: { bootloader: 10, tee: 0, snp: 23, microcode: 84 } }],
    ])
  })

  test('a bundle of version 2 holds with AMD’s chain above the certificate in it', async () => {
    const recognised = recognise(bundle!)!
    const now = new Date('2026-02-01T00:00:00Z')
    const { needs } = await judge(recognised, { now })
    const [need] = needs
    if (need?.kind !== 'snp-certificates' || !need.vek) throw new Error('the bundle brings its certificate')
    const judgement = await judge(recognised, { now, snpCertificates: [{ vek: need.vek, ...issuers() }] })
    expect(failed(judgement)).toEqual([])
    expect(judgement.verdict).toBe('holds')
  })

  test('a byte changed anywhere in the signed text is refused', async () => {
    const text = new TextDecoder().decode(tdx!.answer)
    const changed = text.replace('"arch":"HOPPER"', '"arch":"HOPPEr"')
    const judgement = await judge(recognise(changed)!, tdx!.options)
    expect(failed(judgement)).toEqual(['service_signature', 'service_gpu_hash'])
  })
})

const dstack = ['getquote-0.5', 'getquote-0.6', 'attestation-v0'].map((name) => find(`dstack/${name}.json`))

describe.skipIf(dstack.includes(undefined))('dstack', () => {
  test.each([
    [0, '3763bc34552cf3a27ff71ad5f7a90471562a1a2df552dfc1998cba2d60da27e7'],
    [1, '86b0e55f2fa8e4fb69d890f14f54d5612707646e2573d54e0d2ddaaade77caa9'],
    [2, '86b0e55f2fa8e4fb69d890f14f54d5612707646e2573d54e0d2ddaaade77caa9'],
  ])('answer %i replays to its quote and names its app', async (i, composeH) => {
    const judgement = await judge(recognise(dstack[i]!)!, { now: new Date('2026-06-29T00:00:00Z') })
    expect(failed(judgement)).toEqual([])
    expect(judgement).toMatchObject({ verdict: 'incomplete', needs: [{ kind: 'tdx-collateral' }] })
    expect(judgement.parts[0]!.facts.composeH).toBe(composeH)
  })

  test('the certificate that NEAR AI Cloud’s machines have from dstack is bound to its key', async () => {
    const pem = near && json(near.answer).gateway_attestation.info.app_cert
    const judgement = await judge(recognise(pem)!, {
      ...near!.options,
      connection: {},
      collateral: collateral(GATEWAY),
    })
    expect(failed(judgement)).toEqual([])
    expect(judgement).toMatchObject({ service: 'dstack', verdict: 'holds' })
    expect(toHex(fromHex(judgement.parts[0]!.facts.composeH!))).toHaveLength(64)
  })
})
