// Several sources of TDX collateral: which part of whose answer is stapled, and what they may not disagree about.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TdxCollateral, type TdxEvidence, verifyTdxQuote } from '@dcml/attestation'
import { createSimulator } from '@dcml/tee-simulator'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { collateralSource, compareSources, configfsTsm, keepFresh } from '../src/index.ts'
import { tdxCollateral } from '../src/tee/tdx/kind.ts'
import { simulator } from './harness.ts'
import { fakeKernel } from './kernel.ts'

const DAY = 86_400_000
const imageH = new Uint8Array(32).fill(3)
const quote = simulator.mintQuote({ reportData: new Uint8Array(64), imageH })
const given = simulator.collateral()
const yesterday = (await createSimulator({ now: new Date(Date.now() - 2 * DAY) })).collateral()
const stranger = (await createSimulator({ seed: new Uint8Array(32).fill(9) })).collateral()

/** The same collateral with another evaluation number in one statement; nobody signed that. */
const renumbered = (part: 'tcb_info' | 'qe_identity', by: number): TdxCollateral => ({
  ...given,
  [part]: given[part].replace(/("tcbEvaluationDataNumber":)(\d+)/, (_, name, n) => `${name}${Number(n) + by}`),
})

const lines: object[] = []
const log = { warn: (fields: object) => void lines.push(fields) }
const source = (name: string, answer: TdxCollateral | Error) =>
  collateralSource(name, async () => {
    if (answer instanceof Error) throw answer
    return answer
  })
const compared = (...answers: (TdxCollateral | Error)[]) =>
  compareSources(
    answers.map((answer, i) => source(`source-${i}`, answer)),
    { log },
  ).ask(quote)

beforeEach(() => {
  lines.length = 0
})

describe('of two answers', () => {
  test('each part comes from whoever has it newest', () => {
    const mixed = { ...given, pck_crl: yesterday.pck_crl, qe_identity: yesterday.qe_identity }
    const whole = { ...given, tcb_info: yesterday.tcb_info }
    const both = tdxCollateral.newer(mixed, { ...yesterday, qe_identity: given.qe_identity, pck_crl: given.pck_crl })
    expect(both).toMatchObject({ pck_crl: given.pck_crl, qe_identity: given.qe_identity, tcb_info: given.tcb_info })
    expect(tdxCollateral.newer(whole, given).tcb_info).toBe(given.tcb_info)
    expect(tdxCollateral.newer(given, yesterday)).toEqual(given)
    expect(tdxCollateral.newer(yesterday, given)).toEqual(given)
  })

  test.each(['tcb_info', 'qe_identity'] as const)(
    'a greater evaluation number of %s wins, even if it is older',
    (part) => {
      const ahead = renumbered(part, 1)
      for (const order of [
        [given, ahead],
        [ahead, given],
      ] as const)
        expect(tdxCollateral.newer(order[0], order[1])[part]).toBe(ahead[part])
      const behind = renumbered(part, -1)
      expect(tdxCollateral.newer(behind, yesterday)[part]).toBe(yesterday[part])
    },
  )

  test('signatures and chains go with their statement', () => {
    const ahead = { ...renumbered('tcb_info', 1), tcb_info_signature: 'ab'.repeat(64) }
    expect(tdxCollateral.newer(given, ahead)).toMatchObject({
      tcb_info_signature: ahead.tcb_info_signature,
      qe_identity_signature: given.qe_identity_signature,
    })
  })

  test.each([
    ['tcb_info', { ...given, tcb_info: given.tcb_info.replace('UpToDate', 'Revoked') }],
    ['qe_identity', { ...given, qe_identity: given.qe_identity.replace('UpToDate', 'Revoked') }],
    [
      'tcb_info',
      { ...renumbered('tcb_info', 1), tcb_info: given.tcb_info.replace(/"fmspc":"\w+"/, '"fmspc":"000000000000"') },
    ],
    ['tcb_info_issuer_chain', stranger],
    ['pck_crl', { ...given, pck_crl: flipped(given.pck_crl) }],
    ['root_ca_crl', { ...given, root_ca_crl: flipped(given.root_ca_crl) }],
  ])('of one age, different words of %s are a disagreement', (member, other) => {
    for (const order of [
      [given, other],
      [other, given],
    ] as const)
      expect(() => tdxCollateral.newer(order[0], order[1])).toThrow(
        expect.objectContaining({ code: 'tee_collateral_disagrees', details: { member } }),
      )
  })
})

/** One bit of the issuer's name is another: the date is the same. */
function flipped(crl: string): string {
  const at = crl.indexOf(Buffer.from('DCML').toString('hex'))
  expect(at).toBeGreaterThan(0)
  return `${crl.slice(0, at)}45${crl.slice(at + 2)}`
}

describe('compareSources', () => {
  test('a forged statement of a greater number does not count, and is told about', async () => {
    for (const forged of [
      renumbered('tcb_info', 5),
      renumbered('qe_identity', 5),
      { ...given, pck_crl: flipped(given.pck_crl) },
      { ...given, tcb_info_issuer_chain: stranger.tcb_info_issuer_chain },
      stranger,
      // signed, each with the chain that belongs to it: kept for newer, it would never be replaced
      {
        ...given,
        qe_identity: stranger.qe_identity,
        qe_identity_signature: stranger.qe_identity_signature,
        qe_identity_issuer_chain: stranger.qe_identity_issuer_chain,
      },
      { ...given, pck_crl: stranger.pck_crl, pck_crl_issuer_chain: stranger.pck_crl_issuer_chain },
    ])
      expect(await compared(forged, given)).toEqual(given)
    expect(lines).toHaveLength(7)
    for (const line of lines)
      expect(line).toMatchObject({ source: 'source-0', error: { code: 'tee_collateral_unavailable' } })
  })

  test('a source that is down stops nobody', async () => {
    expect(await compared(new Error('down'), given)).toEqual(given)
    expect(lines).toMatchObject([{ source: 'source-0', error: { message: 'Error: down' } }])
    await expect(compared(new Error('down'), new Error('down'))).rejects.toMatchObject({
      code: 'tee_collateral_unavailable',
    })
  })

  test('collateral of another family than the quote’s is none', async () => {
    const other = simulator.mintQuote({ reportData: new Uint8Array(64), imageH })
    const fmspc = Buffer.from('060a2a864886f84d010d01040406', 'hex')
    const text = Buffer.from(other).toString('latin1')
    const pem = /-----BEGIN CERTIFICATE-----[\w+/=\s]+?-----END CERTIFICATE-----/.exec(text)![0]
    const der = Buffer.from(pem.replace(/-----[^-]+-----|\s/g, ''), 'base64')
    der[der.indexOf(fmspc) + fmspc.length]! ^= 1
    const base64 = der.toString('base64').replace(/.{64}/g, '$&\n')
    const moved = text.replace(pem, `-----BEGIN CERTIFICATE-----\n${base64}\n-----END CERTIFICATE-----`)
    const elsewhere = Uint8Array.from(Buffer.from(moved, 'latin1'))
    expect(() => tdxCollateral.check(given, elsewhere)).toThrow(
      expect.objectContaining({ code: 'tee_collateral_unavailable' }),
    )
    expect(() => tdxCollateral.check(given, quote)).not.toThrow()
  })
})

describe('kept', () => {
  let folder: string
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'dcml-kept-'))
  })
  afterAll(() => rm(folder, { recursive: true }))

  test('collateral of two sources survives a restart without them, verifies, and ends when it ends', async () => {
    let down = false
    const sources = [given, yesterday].map((answer, i) =>
      collateralSource(`source-${i}`, async () => {
        if (down) throw new Error('down')
        return answer
      }),
    )
    let now = Date.now()
    const clock = () => now
    const open = () =>
      configfsTsm({
        tdx: {
          collateral: keepFresh(compareSources(sources, { log, clock }), { folder, log, clock }),
          eventLog: '/log',
        },
        fs: fakeKernel({
          report: (reportData) => simulator.mintQuote({ reportData, imageH }),
          files: { '/log': new Uint8Array(2) },
        }).fs,
        clock,
      })
    await open().quote(new Uint8Array(64))
    down = true
    const restarted = open()
    const evidence = (await restarted.quote(new Uint8Array(64).fill(1))) as TdxEvidence
    expect(evidence.collateral).toEqual(given)
    const verdict = await verifyTdxQuote({ ...evidence, roots: [simulator.rootDer], now: new Date() })
    expect(
      verdict.checks.filter(({ name, status }) => status === 'fail' && /tcb_info|qe_identity|crl/.test(name)),
    ).toEqual([])
    now = tdxCollateral.window(given).until + 1
    await expect(restarted.quote(new Uint8Array(64))).rejects.toMatchObject({ code: 'tee_collateral_unavailable' })
  })
})
