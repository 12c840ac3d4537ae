// Genuine quotes of version 5 from public repositories, with the TD 1.5 report. Skipped where the vectors are absent.
import { toHex } from '@dcml/protocol'
import { verify as otherVerify } from '@phala/dcap-qvl'
import { describe, expect, test } from 'vitest'
import { findVector } from '../../../test/vectors.ts'
import { platform } from '../src/policy/presets.ts'
import { verifyTdxQuote } from '../src/tdx/verify.ts'
import type { TdxCollateral } from '../src/tee.ts'

const good = findVector('attestation/tdx/v5-go-tdx-guest/quote.bin')
const outdated = findVector('attestation/tdx/v5-2026-02/quote.bin')
const json = findVector('attestation/tdx/v5-2026-02/collateral.json')
// Both platforms are of one family: the collateral that one was published with rates the other too.
const collateral = json && (JSON.parse(new TextDecoder().decode(json)) as TdxCollateral)
const now = new Date('2026-03-01T00:00:00Z')

const judge = (quote: Uint8Array, policy = platform) => verifyTdxQuote({ quote, collateral: collateral!, now, policy })
const failures = async (quote: Uint8Array) =>
  (await judge(quote)).checks.filter(({ status }) => status === 'fail').map(({ name }) => name)
const other = async (quote: Uint8Array) => otherVerify(Buffer.from(quote), collateral!, now.getTime() / 1000)

describe.skipIf(!good || !collateral)('a TD that was launched under an older module than runs now', () => {
  const quote = good ?? new Uint8Array()

  test('is accepted, and shown free of service TDs', async () => {
    const { ok, tcb, checks, report } = await judge(quote)
    expect(checks.filter(({ status }) => status === 'fail')).toEqual([])
    expect({ ok, tcb }).toMatchObject({ ok: true, tcb: { status: 'UpToDate', advisories: [], evaluationNumber: 18 } })
    expect(checks.find(({ name }) => name === 'td_service_td')?.status).toBe('pass')
    expect(toHex(report!.teeTcbSvn).slice(0, 6)).toBe('0b0104')
    expect(toHex(report!.teeTcbSvn2!).slice(0, 6)).toBe('0d0104')
    expect(report!.mrServiceTd).toEqual(new Uint8Array(48))
  })

  test('gets the verdict of @phala/dcap-qvl', async () => {
    expect(await other(quote)).toMatchObject({ status: 'UpToDate', advisory_ids: [] })
  })

  test('is refused with any byte of header, descriptor or report changed', async () => {
    for (let at = 0; at < 702; at += at < 64 ? 1 : 5) {
      const [first, ...more] = await failures(quote.with(at, quote[at]! ^ (1 << (at % 8))))
      const format = ['quote_version', 'quote_key_type', 'tee_type', 'quote_qe_vendor', 'quote_format']
      expect(at < 54 ? [...format, 'quote_signature'] : ['quote_signature'], `byte ${at}`).toContain(first)
      expect(more.length).toBe(0)
    }
  })
})

test.skipIf(!outdated || !collateral)(
  'a platform below every level is refused for that alone, here as there',
  async () => {
    expect(await failures(outdated!)).toEqual(['tcb_level'])
    await expect(other(outdated!)).rejects.toThrow('No matching TCB level')
  },
)
