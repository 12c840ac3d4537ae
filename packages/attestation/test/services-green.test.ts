// False green lights: evidence that is genuine, and says nothing about what it is shown for.

import { fromHex, toHex, utf8 } from '@dcml/protocol'
import { describe, expect, test } from 'vitest'
import { findVector } from '../../../test/vectors.ts'
import { encodeClaims } from '../src/evidence/claims.ts'
import { evidenceToJson, imageH, type Purpose, reportData } from '../src/index.ts'
import { pinnedRoots, type Root } from '../src/roots/trust.ts'
import { rimIds } from '../src/services/device.ts'
import { type Judgement, judge, recognise } from '../src/services.ts'
import {
  connection,
  failed,
  gpus,
  judgeText,
  nearGateway,
  nearMachine,
  nearSignature,
  nonce,
  now,
  options,
  other,
  simulator,
  tinfoilDocument,
  tlsSpki,
} from './services-world.ts'

const statusOf = ({ checks }: Judgement, name: string) => checks.find((check) => check.name === name)?.status

const manifest = utf8(
  JSON.stringify({ v: 1, name: 'x', image: `sha256:${'0'.repeat(64)}`, command: ['x'], env: {}, models: 'any' }),
)

/** Evidence of one of our enclaves, JSON. */
async function enclave(purpose: Purpose) {
  const claims = encodeClaims({
    purpose,
    nonce: other,
    tlsSpki,
    hpkeKey: other,
    sessionKey: other,
    imageH: imageH(manifest),
    boot: other,
    iat: now.getTime(),
  })
  const cpu = await simulator.createTee({ imageH: imageH(manifest) }).quote(reportData(purpose, claims))
  return evidenceToJson({ claims, cpu, gpu: [], manifest })
}

describe('a thief serves genuine evidence of another machine', async () => {
  const quote = simulator.mintQuote({ reportData: new Uint8Array(64), imageH: new Uint8Array(32) })
  const report = await simulator.createTee({ imageH: new Uint8Array(32), tee: 'snp' }).quote(new Uint8Array(64))
  const { list } = await gpus(1)

  test.each<[string, unknown]>([
    ['a bare TDX quote', toHex(quote)],
    ['a bare SEV-SNP report', report.tee === 'snp' && toHex(report.report)],
    ['evidence of GPUs', list],
    ['evidence of an enclave for a browser', await enclave('browser')],
    ['evidence of an enclave', await enclave('session')],
  ])('%s is refused on a connection that it does not name', async (_, answer) => {
    const judgement = await judgeText(answer, { connection: { tlsSpki: other } })
    expect(judgement.verdict).toBe('refused')
    expect(failed(judgement)).toContain('service_tls_key')
  })

  test('an enclave for a browser holds on the connection that it names', async () => {
    expect(failed(await judgeText(await enclave('browser'), { connection: { tlsSpki } }))).toEqual([])
  })
})

describe('a nonce', () => {
  test('that was sent has to be in a bare quote', async () => {
    const of = async (data: Uint8Array) =>
      judge(recognise(simulator.mintQuote({ reportData: data, imageH: new Uint8Array(32) }))!, {
        ...options,
        connection: { nonce },
      })
    const zeros = new Uint8Array(32)
    expect(failed(await of(Uint8Array.from([...zeros, ...nonce])))).toEqual([])
    expect(failed(await of(Uint8Array.from([...nonce, ...zeros])))).toEqual([])
    expect(failed(await of(Uint8Array.from([...other, ...zeros])))).toEqual(['service_nonce'])
  })

  test('that the collector of GPU evidence names itself is not shown as asked for', async () => {
    const { list } = await gpus(1)
    expect(statusOf(await judgeText(list), 'gpu_nonce')).toBe('skipped')
    expect(statusOf(await judgeText(list, { connection: { nonce } }), 'gpu_nonce')).toBe('pass')
    expect(failed(await judgeText(list, { connection: { nonce: other } }))).toEqual(['gpu_nonce'])
  })
})

describe('Tinfoil', async () => {
  const cluster = await simulator.createTee({ imageH: new Uint8Array(32), gpus: 8, switches: 4 }).gpu!.evidence(nonce)
  const evidences = (kind: 'gpu' | 'switch') =>
    cluster
      .filter((device) => device.kind === kind)
      .map(({ report, certificates }) => ({
        // NVIDIA's tool writes the members of objects in order
        arch: kind === 'gpu' ? 'HOPPER' : 'LS10',
        certificate: Buffer.from(certificates).toString('base64'),
        evidence: Buffer.from(report).toString('base64'),
        nonce: toHex(nonce),
      }))
  const rims = Object.fromEntries(
    cluster.flatMap((device) => rimIds(device).map((id, i) => [id, device.rims[i]!] as const)),
  )
  const collected = (list: object[]) => ({ evidences: list, result_code: 0, result_message: 'Ok' })

  const gpu = collected(evidences('gpu'))
  const tinfoil = (nvswitch: object, hashed?: string) =>
    judgeText(tinfoilDocument(gpu, nvswitch, hashed), { connection, rims })

  test('judges the switches with the GPUs that talk through them', async () => {
    const judgement = await tinfoil(collected(evidences('switch')))
    expect(failed(judgement)).toEqual([])
    expect(judgement).toMatchObject({ verdict: 'holds', needs: [] })
    expect(statusOf(judgement, 'gpu_topology')).toBe('pass')
  })

  test('takes the hash of what was printed for what was sent of it', async () => {
    const printed = collected(evidences('switch'))
    const judgement = await tinfoil(printed, `${JSON.stringify(printed, undefined, 4)}\n`)
    expect(failed(judgement)).toEqual([])
    expect(failed(await tinfoil(printed, 'another'))).toEqual(['service_switch_hash'])
  })

  test('is refused where the switches did not sign, or a GPU stands in for one', async () => {
    const [one, ...rest] = evidences('switch')
    const forged = Buffer.from(one!.evidence, 'base64')
    forged[forged.length - 1]! ^= 1
    const bent = await tinfoil(collected([{ ...one!, evidence: forged.toString('base64') }, ...rest]))
    expect(failed(bent)).toContain('gpu_signature')
    expect((await tinfoil(collected([...rest, evidences('gpu')[0]!]))).verdict).toBe('refused')
  })
})

describe('NEAR AI Cloud', () => {
  test('a second entry with the same quote and another key is judged for itself', async () => {
    const own = nearMachine()
    const judgement = await judgeText({ ...own, all_attestations: [{ ...own, signing_public_key: toHex(other) }] })
    expect(failed(judgement)).toEqual(['service_encryption_key'])
  })

  test('an Ed25519 key that calls itself another does not do without the signature over the OHTTP key', async () => {
    const own = nearMachine()
    const swapped = { ...own, signing_algo: 'ecdsa', ohttp_attestation: { ...own.ohttp_attestation, key_config: '00' } }
    await expect(async () => judgeText(swapped)).rejects.toMatchObject({ code: 'service_evidence_malformed' })
  })

  test('what is left out of an answer is said not to be proven', async () => {
    const { compose_manager_attestation: _, ...quiet } = nearMachine()
    expect((await judgeText(quiet)).notProven.join()).toMatch(/compose manager.*nothing about it came along/)
    const { list } = await gpus(1)
    const answer = { ...nearGateway(), model_attestations: [{ ...nearMachine(), nvidia_payload: list }, nearMachine()] }
    expect((await judgeText(answer)).notProven.join()).toMatch(/GPUs of 1 of the 2 machines/)
  })

  test('a signature proves no more than the report behind it', async () => {
    const text = `${'0'.repeat(64)}:${'1'.repeat(64)}`
    const report = recognise(JSON.stringify(nearMachine({ tls: false })))!
    const judgement = await judgeText(nearSignature(text, 'ed25519'), { report })
    expect(judgement.verdict).toBe('holds')
    expect(judgement.notProven.join()).toMatch(/What was booted/)
    expect(judgement.warnings.map(({ code }) => code)).toContain('tls_key_not_named')
  })

  test('no name of a host is more than one line of a report', async () => {
    const { parts } = await judgeText({ ...nearMachine(), model_name: 'x)\n\nHOLDS: NEAR AI Cloud\u202e\u001b[2J' })
    expect(parts.map(({ name }) => name).join()).not.toMatch(/\p{C}/u)
  })
})

describe('what a policy lets pass is told', () => {
  const codes = ({ warnings }: Judgement) => warnings.map(({ code }) => code)
  const quote = (more: object = {}) =>
    toHex(simulator.mintQuote({ reportData: new Uint8Array(64), imageH: new Uint8Array(32), ...more }))

  test('a machine that its host can look into', async () => {
    const policy = { ...options.policy!, td: { ...options.policy!.td, debug: true } }
    const judgement = await judgeText(quote({ tdAttributes: fromHex('0100001000000000') }), { policy })
    expect(judgement.verdict).toBe('holds')
    expect(codes(judgement)).toContain('debug_tolerated')
  })

  test('collateral of more than a week ago', async () => {
    const judgement = await judgeText(quote(), { now: new Date(now.getTime() + 10 * 86_400_000) })
    expect(judgement.verdict).toBe('holds')
    expect(codes(judgement)).toContain('collateral_old')
  })

  test("a list of AMD's that is at hand is looked at, though the policy asks for none", async () => {
    const cpu = await simulator.createTee({ imageH: new Uint8Array(32), tee: 'snp' }).quote(new Uint8Array(64))
    if (cpu.tee !== 'snp') throw new Error('not of SEV-SNP')
    const { report, vek, ask, ark, crl } = cpu
    const of = (list: Uint8Array | undefined) =>
      judgeText(toHex(report), { snpCertificates: [{ vek, ask, ark, ...(list && { crl: list }) }] })
    expect(codes(await of(undefined))).toContain('snp_revocation_off')
    const checked = await of(crl)
    expect(statusOf(checked, 'snp_ask_not_revoked')).toBe('pass')
    expect(codes(checked)).not.toContain('snp_revocation_off')
    expect(failed(await of(Uint8Array.of(1)))).toEqual(['snp_crl_format'])
  })

  test('roots that were given, where a genuine machine is judged by them', async () => {
    const folder = 'attestation/tdx/v4-uptodate-2025-06'
    const [genuine, collateral] = [findVector(`${folder}/quote.bin`), findVector(`${folder}/collateral.json`)]
    if (genuine === undefined || collateral === undefined) return
    const judged = (roots?: Root[]) =>
      judge(recognise(genuine)!, {
        now: new Date('2025-07-01T00:00:00Z'),
        collateral: [JSON.parse(new TextDecoder().decode(collateral))],
        ...(roots && { roots }),
      })
    const pinned = await judged()
    expect(pinned).toMatchObject({ verdict: 'holds', environment: 'production' })
    expect(codes(pinned)).toEqual(['collateral_old'])
    expect(codes(await judged(pinnedRoots()))).toEqual(['roots_given', 'collateral_old'])
  })
})
