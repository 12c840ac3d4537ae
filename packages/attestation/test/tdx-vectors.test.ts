// Genuine quotes from public repositories, judged at the time of their collateral. Skipped where the vectors are absent.
import { fromHex, toHex } from '@dcml/protocol'
import { createSimulator } from '@dcml/tee-simulator'
import { verify as otherVerify } from '@phala/dcap-qvl'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { findVector } from '../../../test/vectors.ts'
import {
  clientDefault,
  type Policy,
  platform,
  SignatureMemory,
  type TdxCollateral,
  type TdxVerification,
  verifyTdxQuote,
} from '../src/index.ts'
import { recognise } from '../src/services.ts'

const TDX = 'attestation/tdx/v4-uptodate-2025-06'
const SGX = 'attestation/sgx/v3-configuration-and-swhardening-2025-06'

function load(folder: typeof TDX | typeof SGX) {
  const [quote, collateral, expected] = [
    findVector(`${folder}/quote.bin`),
    findVector(`${folder}/collateral.json`),
    findVector(`${folder}/expect.json`),
  ]
  if (!quote || !collateral || !expected) return undefined
  const json = (bytes: Uint8Array) => JSON.parse(new TextDecoder().decode(bytes))
  return {
    quote,
    collateral: json(collateral) as TdxCollateral,
    expected: json(expected),
    now: new Date(json(expected).now),
  }
}

const tdx = load(TDX)
const sgx = load(SGX)
const failures = ({ checks }: TdxVerification): string[] =>
  checks.filter(({ status }) => status === 'fail').map(({ name }) => name)

describe.skipIf(!tdx)('the genuine TDX quote', () => {
  const { quote, collateral, expected, now } = tdx ?? ({} as NonNullable<typeof tdx>)

  test('is accepted at its time, for what it is', async () => {
    const verification = await verifyTdxQuote({ quote, collateral, now })
    expect(failures(verification)).toEqual([])
    expect(verification).toMatchObject({
      ok: true,
      environment: 'production',
      tcb: { status: expected.result.status, advisories: expected.result.advisoryIds, evaluationNumber: 17 },
    })
    const report = verification.report!
    expect(toHex(report.reportData)).toBe(expected.result.reportData)
    expect(toHex(report.mrtd)).toBe(expected.result.mrTd)
    expect(toHex(report.mrSeam)).toBe(expected.result.mrSeam)
    expect(toHex(report.teeTcbSvn)).toBe(expected.result.teeTcbSvn)
    expect(verification.checks.filter(({ status }) => status === 'skipped').map(({ name }) => name)).toEqual([
      'td_service_td',
      'image_h',
      'boot_image',
      'mr_seam',
      'platform_id',
    ])
  })

  test('gets the verdict of @phala/dcap-qvl', async () => {
    const { tcb } = await verifyTdxQuote({ quote, collateral, now })
    const other = await otherVerify(Buffer.from(quote), collateral, now.getTime() / 1000)
    expect(tcb).toMatchObject({ status: other.status, advisories: other.advisory_ids })
  })

  test('is accepted whatever follows its declared end', async () => {
    expect(await verifyTdxQuote({ quote: quote.slice(0, 4936), collateral, now })).toMatchObject({ ok: true })
    const tail = new Uint8Array([...quote.slice(0, 4936), ...new Uint8Array(300).fill(7)])
    expect(await verifyTdxQuote({ quote: tail, collateral, now })).toMatchObject({ ok: true })
    expect(failures(await verifyTdxQuote({ quote: quote.slice(0, 4935), collateral, now }))).toEqual(['quote_format'])
  })

  test.each([
    [
      'a year later',
      '2026-07-01T00:00:00Z',
      ['root_crl_window', 'pck_crl_window', 'tcb_info_window', 'qe_identity_window'],
    ],
    ['a second after its TCB info', '2025-07-19T10:16:04Z', ['pck_crl_window', 'tcb_info_window']],
    ['a second before its QE identity', '2025-06-19T10:32:26Z', ['qe_identity_window']],
    [
      'before its root was made',
      '2017-01-01T00:00:00Z',
      ['pck_chain', 'tcb_info_chain', 'qe_identity_chain', 'root_crl_window'],
    ],
    ['at no valid time', 'never', ['pck_chain', 'tcb_info_chain', 'qe_identity_chain', 'root_crl_window']],
  ])('is refused %s', async (_, time, names) => {
    const verification = await verifyTdxQuote({ quote, collateral, now: new Date(time) })
    expect(failures(verification).sort()).toEqual([...names].sort())
    expect(verification).toMatchObject({ ok: false, tcb: { status: 'Unknown' } })
  })

  test('is refused below another root, below none, and below one that cannot be read', async () => {
    const { rootDer, rootPem } = await createSimulator({ now })
    for (const roots of [[rootDer], [rootPem], [], [new Uint8Array(9)], ['nonsense']]) {
      const verification = await verifyTdxQuote({ quote, collateral, now, roots })
      expect(failures(verification)).toEqual(['root_pinned'])
      expect(verification.environment).toBeUndefined()
    }
  })

  test('is refused by a development policy, though its root is given', async () => {
    const root = collateral.tcb_info_issuer_chain.slice(collateral.tcb_info_issuer_chain.lastIndexOf('-----BEGIN'))
    const policy: Policy = { ...platform, environment: 'development' }
    expect(await verifyTdxQuote({ quote, collateral, now, roots: [root] })).toMatchObject({ ok: true })
    expect(failures(await verifyTdxQuote({ quote, collateral, now, roots: [root], policy }))).toEqual(['environment'])
  })

  test('meets a policy that names it, and none that names another', async () => {
    const { mrTd: mrtd, mrSeam } = expected.result
    const { report } = await verifyTdxQuote({ quote, collateral, now })
    const [, rtmr1, rtmr2] = report!.rtmr.map(toHex) as [string, string, string]
    const tcb = { minEvaluationNumber: 17 }
    const images = [{ mrtd, rtmr1, rtmr2, label: 'it' }]
    const own = clientDefault({ imageH: 'any', images, mrSeam: [mrSeam], tcb })
    expect(await verifyTdxQuote({ quote, collateral, now, policy: own })).toMatchObject({ ok: true })
    const other = clientDefault({
      imageH: ['00'.repeat(32)],
      images: [{ mrtd, rtmr1: mrtd, rtmr2, label: 'other' }],
      mrSeam: [mrtd],
      platforms: ['00'.repeat(16)],
    })
    expect(failures(await verifyTdxQuote({ quote, collateral, now, policy: other }))).toEqual([
      'tcb_info_evaluation',
      'qe_identity_evaluation',
      'image_h',
      'boot_image',
      'mr_seam',
    ])
  })

  afterEach(() => void vi.unstubAllGlobals())

  test('gets the same checks without WebCrypto', async () => {
    const { checks } = await verifyTdxQuote({ quote, collateral, now })
    vi.stubGlobal('crypto', undefined)
    const signatures = new SignatureMemory()
    const portable = await verifyTdxQuote({ quote, collateral, now, signatures })
    expect(portable.checks).toEqual(checks)
    const forged = await verifyTdxQuote({ quote: quote.with(600, 1), collateral, now, signatures })
    expect(failures(forged)).toEqual(['quote_signature'])
  })

  /** First byte, and the checks that may name a change from there on (Intel DCAP quote format 4). */
  const regions: [number, string[]][] = [
    [0, ['quote_version', 'quote_format']], // 5 is a version too, of another form
    [2, ['quote_key_type']],
    [4, ['tee_type']],
    [8, ['quote_signature']],
    [12, ['quote_qe_vendor']],
    [28, ['quote_signature']],
    [632, ['quote_format']],
    [636, ['quote_signature']],
    [700, ['qe_report_data']],
    [764, ['quote_format']],
    [770, ['qe_report_signature']],
    [1218, ['quote_format']],
    [1220, ['qe_report_data']],
    [1252, ['quote_format']],
    [1258, ['quote_certificates', 'root_pinned', 'pck_chain']],
  ]

  test('is refused with any byte changed, by the check that covers it', async () => {
    const changes = Array.from({ length: 4936 }, (_, at) => at)
    for (const batch of Array.from({ length: changes.length / 8 }, (_, i) => changes.slice(i * 8, i * 8 + 8)))
      await Promise.all(
        batch.map(async (at) => {
          const changed = quote.with(at, quote[at]! ^ (1 << (at % 8)))
          const verification = await verifyTdxQuote({ quote: changed, collateral, now })
          expect(verification.ok).toBe(false)
          const [, names] = regions.findLast(([start]) => start <= at)!
          expect(names, `byte ${at}`).toContain(failures(verification)[0])
        }),
      )
  }, 180_000)

  /** Where a change to a part of the collateral shows, and how many characters to step: all of them take a minute. */
  const parts: [keyof TdxCollateral, number, string[]][] = [
    ['pck_crl_issuer_chain', 23, ['collateral_certificates', 'root_pinned', 'pck_crl_chain']],
    ['tcb_info_issuer_chain', 23, ['collateral_certificates', 'root_pinned', 'tcb_info_chain']],
    ['qe_identity_issuer_chain', 23, ['collateral_certificates', 'root_pinned', 'qe_identity_chain']],
    ['root_ca_crl', 13, ['collateral_format', 'root_crl_format', 'root_crl_issuer', 'root_crl_signature']],
    ['pck_crl', 97, ['collateral_format', 'pck_crl_format', 'pck_crl_issuer', 'pck_crl_signature']],
    ['tcb_info', 61, ['tcb_info_signature']],
    ['qe_identity', 17, ['qe_identity_signature']],
    ['tcb_info_signature', 11, ['collateral_format', 'tcb_info_signature']],
    ['qe_identity_signature', 11, ['collateral_format', 'qe_identity_signature']],
  ]

  test.each(parts)('is refused with any character of %s changed', async (part, step, names) => {
    const text = collateral[part]
    for (let at = 0; at < text.length; at += step) {
      // Another character, or the same letter in the other case: bytes that decode alike are not the same bytes.
      for (const mask of [1 << (at % 5), 0x20]) {
        const character = String.fromCharCode(text.charCodeAt(at) ^ mask)
        const changed = { ...collateral, [part]: text.slice(0, at) + character + text.slice(at + 1) }
        const verification = await verifyTdxQuote({ quote, collateral: changed, now })
        expect(verification.ok).toBe(false)
        expect(names, `character ${at}`).toContain(failures(verification)[0])
      }
    }
  })

  test.each(['root_ca_crl', 'pck_crl'] as const)('is refused with any byte of %s changed', async (part) => {
    const bytes = fromHex(collateral[part])
    for (let at = 0; at < bytes.length; at += bytes.length < 300 ? 5 : 41) {
      const changed = { ...collateral, [part]: toHex(bytes.with(at, bytes[at]! ^ (1 << (at % 8)))) }
      expect(failures(await verifyTdxQuote({ quote, collateral: changed, now }))[0]).toMatch(/^(root|pck)_crl_/)
    }
  })
})

test.skipIf(!sgx)('the genuine SGX quote is the wrong TEE', async () => {
  const { quote, collateral, now } = sgx!
  expect(recognise(quote)).toMatchObject({ kind: 'tdx-quote' })
  const verification = await verifyTdxQuote({ quote, collateral, now })
  expect(verification).toMatchObject({ ok: false, report: undefined, tcb: { status: 'Unknown' } })
  expect(failures(verification)).toEqual(['tee_type', 'quote_version'])
  expect(verification.checks.find(({ name }) => name === 'tee_type')?.why).toContain('SGX')
})
