import { toHex } from '@dcml/protocol'
import { QuoteVerifier } from '@phala/dcap-qvl'
import { describe, expect, test } from 'vitest'
import { createSimulator, DEVELOPMENT_SEED } from './index.ts'

const imageH = new Uint8Array(32).fill(7)
const reportData = new Uint8Array(64).fill(9)
const now = new Date('2026-11-21T12:34:56Z')

describe('the PKI', () => {
  test('equal seeds and days give equal bytes', async () => {
    const [first, second] = await Promise.all([
      createSimulator({ now }),
      createSimulator({ now: new Date('2026-11-21T23:59:59Z'), seed: DEVELOPMENT_SEED }),
    ])
    expect(second.rootPem).toBe(first.rootPem)
    expect(second.collateral()).toEqual(first.collateral())
  })

  test('the date changes statements, never certificates', async () => {
    const [today, tomorrow] = await Promise.all([
      createSimulator({ now }),
      createSimulator({ now: new Date('2026-11-22T00:00:00Z') }),
    ])
    expect(tomorrow.rootPem).toBe(today.rootPem)
    expect(tomorrow.collateral().tcb_info_issuer_chain).toBe(today.collateral().tcb_info_issuer_chain)
    expect(tomorrow.collateral().pck_crl).not.toBe(today.collateral().pck_crl)
  })

  test('another seed is another root', async () => {
    const [first, other] = await Promise.all([createSimulator({ now }), createSimulator({ now, seed: reportData })])
    expect(toHex(other.rootDer)).not.toBe(toHex(first.rootDer))
  })
})

describe('quotes', () => {
  test('an independent verifier accepts what a TEE signs, at any date', async () => {
    for (const at of ['2024-02-29T00:00:00Z', '2026-11-21T12:34:56Z', '2049-11-30T23:59:59Z']) {
      const simulator = await createSimulator({ now: new Date(at) })
      const evidence = await simulator.createTee({ imageH }).quote(reportData)
      const verifier = QuoteVerifier.newWithRootCa(Buffer.from(simulator.rootDer))
      const { status, report } = verifier.verify(
        Buffer.from(evidence.quote),
        evidence.collateral,
        Date.parse(at) / 1000,
      )
      expect(status).toBe('UpToDate')
      expect(toHex(report.asTd10()!.reportData)).toBe(toHex(reportData))
      expect(toHex(report.asTd10()!.mrConfigId)).toBe(`01${toHex(imageH)}${'00'.repeat(15)}`)
    }
  })

  test('collateral follows the clock of a simulator that runs for months', async () => {
    const dates = ['2026-11-21T12:00:00Z', '2027-03-01T12:00:00Z'].map((date) => new Date(date))
    let today = dates[0]!
    const simulator = await createSimulator({ now: () => today })
    const first = JSON.parse(simulator.collateral().tcb_info)
    today = dates[1]!
    const second = JSON.parse(simulator.collateral().tcb_info)
    expect([first.nextUpdate, second.issueDate]).toEqual(['2026-12-20T00:00:00Z', '2027-02-28T00:00:00Z'])
  })

  test('every measurement can be set', async () => {
    const simulator = await createSimulator({ now })
    const fields = {
      mrtd: new Uint8Array(48).fill(1),
      mrSeam: new Uint8Array(48).fill(2),
      mrOwner: new Uint8Array(48).fill(3),
      tdAttributes: Uint8Array.of(1, 0, 0, 0x10, 0, 0, 0, 0),
      rtmrs: [4, 5, 6, 7].map((byte) => new Uint8Array(48).fill(byte)) as [
        Uint8Array,
        Uint8Array,
        Uint8Array,
        Uint8Array,
      ],
    }
    const quote = toHex(simulator.mintQuote({ reportData, imageH, ...fields }))
    for (const value of [fields.mrtd, fields.mrSeam, fields.mrOwner, fields.tdAttributes, ...fields.rtmrs])
      expect(quote).toContain(toHex(value))
  })

  test('an independent verifier accepts a quote of version 5, and refuses one with a service TD', async () => {
    const simulator = await createSimulator({ now })
    const verifier = QuoteVerifier.newWithRootCa(Buffer.from(simulator.rootDer))
    const judge = (mrServiceTd: Uint8Array) =>
      verifier.verify(
        Buffer.from(simulator.mintQuote({ reportData, imageH, mrServiceTd })),
        simulator.collateral(),
        now.getTime() / 1000,
      )
    expect(judge(new Uint8Array(48)).status).toBe('UpToDate')
    expect(() => judge(new Uint8Array(48).fill(1))).toThrow()
  })

  test('a length that does not fit is refused', async () => {
    const simulator = await createSimulator({ now })
    const short = new Uint8Array(31)
    const refused = (code: string) => expect.objectContaining({ code })
    expect(() => simulator.mintQuote({ reportData: short, imageH })).toThrow(refused('simulator_field'))
    expect(() => simulator.mintQuote({ reportData, imageH: short })).toThrow(refused('simulator_field'))
    expect(() => simulator.mintQuote({ reportData, imageH, mrtd: short })).toThrow(refused('simulator_field'))
    expect(() => simulator.createTee({ imageH: short })).toThrow(refused('simulator_field'))
    await expect(simulator.createTee({ imageH }).quote(short)).rejects.toThrow(refused('simulator_field'))
  })
})
