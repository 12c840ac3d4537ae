import { toHex } from '@dcml/protocol'
import { QuoteVerifier } from '@phala/dcap-qvl'
import { expect, test } from 'vitest'
import { createSimulator } from './index.ts'

const imageH = new Uint8Array(32).fill(7)
const reportData = new Uint8Array(64).fill(9)
const now = new Date('2026-11-21T12:34:56Z')

test('equal seeds give equal bytes, another seed another root', async () => {
  const [first, second, other] = await Promise.all([
    createSimulator({ now }),
    createSimulator({ now: new Date('2026-11-21T23:59:59Z') }),
    createSimulator({ now, seed: new Uint8Array(32) }),
  ])
  expect(first.rootPem).toBe(second.rootPem)
  expect(first.collateral()).toEqual(second.collateral())
  expect(other.rootPem).not.toBe(first.rootPem)
})

test('an independent verifier accepts what a TEE signs, at any date', async () => {
  for (const at of ['2024-02-29T00:00:00Z', '2026-11-21T12:34:56Z', '2049-11-30T23:59:59Z']) {
    const simulator = await createSimulator({ now: new Date(at) })
    const evidence = await simulator.createTee({ imageH }).quote(reportData)
    const verifier = QuoteVerifier.newWithRootCa(Buffer.from(simulator.rootDer))
    const report = verifier.verify(Buffer.from(evidence.quote), evidence.collateral, Date.parse(at) / 1000)
    expect(report.status).toBe('UpToDate')
    expect(toHex(report.report.asTd10()!.reportData)).toBe(toHex(reportData))
    expect(toHex(report.report.asTd10()!.mrConfigId)).toBe(`01${toHex(imageH)}${'00'.repeat(15)}`)
  }
})
