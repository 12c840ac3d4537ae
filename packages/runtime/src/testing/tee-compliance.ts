import assert from 'node:assert/strict'
import type { CpuEvidence, TeeBackend } from '@dcml/attestation'
import { DcmlError, equalBytes } from '@dcml/protocol'
import type { ComplianceCase } from './engine-compliance.ts'

/** Where a TDX v4 or v5 quote says that it is one, and where its report data lies. */
const TDX = 0x81
const REPORT_DATA: Readonly<Record<number, number>> = { 4: 48 + 520, 5: 54 + 520 }

/** Size of an SEV-SNP report, and where its report data lies. */
const SNP = { size: 1184, reportData: 0x50 }

function reportDataOf(evidence: CpuEvidence): Uint8Array {
  if (evidence.tee === 'snp') {
    assert.equal(evidence.report.length, SNP.size, 'the report has the size of an SEV-SNP report')
    return evidence.report.subarray(SNP.reportData, SNP.reportData + 64)
  }
  const { quote } = evidence
  const at = REPORT_DATA[quote[0] ?? 0]
  assert.ok(at !== undefined && quote.length > at + 64, 'the quote has version 4 or 5 and holds a report')
  assert.equal(quote[4], TDX, 'the quote is of a TDX guest')
  return quote.subarray(at, at + 64)
}

/** What lies beside a quote or a report, so that it can be verified offline. */
function assertWhole(evidence: CpuEvidence): void {
  if (evidence.tee === 'snp') {
    for (const name of ['vek', 'ask', 'ark'] as const) assert.equal(evidence[name][0], 0x30, `${name} is DER`)
    assert.ok(evidence.crl === undefined || evidence.crl[0] === 0x30, 'crl is DER')
    return
  }
  const { collateral } = evidence
  for (const name of ['root_ca_crl', 'pck_crl', 'tcb_info_signature', 'qe_identity_signature'] as const)
    assert.match(collateral[name], /^(?:[0-9a-f]{2})+$/, name)
  for (const name of ['pck_crl_issuer_chain', 'tcb_info_issuer_chain', 'qe_identity_issuer_chain'] as const)
    assert.match(collateral[name], /^-----BEGIN CERTIFICATE-----/, name)
  for (const name of ['tcb_info', 'qe_identity'] as const) assert.doesNotThrow(() => JSON.parse(collateral[name]))
}

/**
 * What every `TeeBackend` must do. Run each case in a test of its own:
 * `for (const { name, run } of teeBackendCompliance(make)) test(name, run)`.
 */
export function teeBackendCompliance(make: () => Promise<TeeBackend>): readonly ComplianceCase[] {
  const data = (seed: number): Uint8Array => Uint8Array.from({ length: 64 }, (_, i) => (seed + i) & 0xff)
  return [
    {
      name: 'names itself and its environment',
      async run() {
        const tee = await make()
        assert.match(tee.name, /^[a-z][a-z0-9-]*$/)
        assert.ok(['production', 'development'].includes(tee.environment))
      },
    },
    {
      name: 'quotes exactly the report data it is given',
      async run() {
        const tee = await make()
        for (const seed of [0, 1, 200]) {
          const evidence = await tee.quote(data(seed))
          assert.deepEqual(Buffer.from(reportDataOf(evidence)), Buffer.from(data(seed)))
        }
      },
    },
    {
      name: 'keeps concurrent quotes apart',
      async run() {
        const tee = await make()
        const all = await Promise.all([1, 2, 3, 4].map(async (seed) => [seed, await tee.quote(data(seed))] as const))
        for (const [seed, evidence] of all) assert.ok(equalBytes(reportDataOf(evidence), data(seed)))
      },
    },
    {
      name: 'gives the whole collateral',
      async run() {
        assertWhole(await (await make()).quote(data(9)))
      },
    },
    {
      name: 'refuses report data of another length',
      async run() {
        const tee = await make()
        for (const length of [0, 63, 65])
          await assert.rejects(tee.quote(new Uint8Array(length)), (error) => DcmlError.isInstance(error))
      },
    },
    {
      name: 'has one sealing key of 32 bytes, or none',
      async run() {
        const [one, again] = [await make(), await make()]
        if (one.sealingKey === undefined) return
        const keys = await Promise.all([one.sealingKey(), one.sealingKey(), again.sealingKey!()])
        for (const key of keys) assert.equal(key.length, 32)
        assert.ok(keys.every((key) => equalBytes(key, keys[0]!)))
        assert.ok(keys[0]!.some((byte) => byte !== keys[0]![0]))
      },
    },
  ]
}
