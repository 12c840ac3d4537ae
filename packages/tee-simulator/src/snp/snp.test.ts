import { spawnSync } from 'node:child_process'
import { createHash, createPublicKey, verify, X509Certificate } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { toPem } from '../certificate.ts'
import { derive } from '../keys.ts'
import { DEVELOPMENT_SEED } from '../simulator.ts'
import { snpBlueprint } from './blueprint.ts'
import { issueSnp, snpPlatform, snpRoot } from './platform.ts'

const now = new Date('2026-11-21T12:00:00Z')
const folder = mkdtempSync(join(tmpdir(), 'dcml-snp-'))
afterAll(() => rmSync(folder, { recursive: true }))
const write = (name: string, content: string | Uint8Array): string => {
  writeFileSync(join(folder, name), content)
  return join(folder, name)
}

const present = spawnSync('openssl', ['version']).status === 0
if (!present) console.info('openssl is not installed: its view of the simulated AMD PKI is not tested')

test.skipIf(!present)('OpenSSL verifies VEK, ASK and CRL', () => {
  const { vek, ask, ark, crl } = issueSnp(snpBlueprint(DEVELOPMENT_SEED, new Date()))
  const converted = spawnSync('openssl', ['crl', '-inform', 'DER'], { input: crl, encoding: 'utf8' })
  const trust = ['-CAfile', write('ark.pem', toPem(ark)), '-CRLfile', write('crl.pem', converted.stdout), '-crl_check']
  const check = (name: string, der: Uint8Array, ...rest: string[]) =>
    spawnSync('openssl', ['verify', '-x509_strict', ...rest, write(name, toPem(der))], { encoding: 'utf8' })
  const ofAsk = check('ask.pem', ask, ...trust)
  expect(ofAsk.stdout + ofAsk.stderr).toContain('ask.pem: OK')
  // Not strictly: as AMD's, it has neither key identifiers nor a serial number above 0.
  const untrusted = ['-untrusted', join(folder, 'ask.pem'), '-CAfile', join(folder, 'ark.pem')]
  const ofVek = spawnSync('openssl', ['verify', ...untrusted, write('vek.pem', toPem(vek))], { encoding: 'utf8' })
  expect(ofVek.stdout + ofVek.stderr).toContain('vek.pem: OK')
})

test('Node verifies the report with the key of the certificate', () => {
  const { report, vek } = issueSnp(snpBlueprint(DEVELOPMENT_SEED, now))
  const number = (at: number) => Buffer.from(report.slice(at, at + 48)).reverse()
  const signature = Buffer.concat([number(0x2a0), number(0x2a0 + 72)])
  const key = createPublicKey(new X509Certificate(vek).publicKey.export({ format: 'pem', type: 'spki' }))
  expect(verify('sha384', report.subarray(0, 0x2a0), { key, dsaEncoding: 'ieee-p1363' }, signature)).toBe(true)
})

test('a seed and a day give the same certificates in every process', () => {
  const { report: _, ...certified } = issueSnp(snpBlueprint(derive(DEVELOPMENT_SEED, 'a fixed seed', 32), now))
  const hash = createHash('sha256')
  for (const part of [certified.vek, certified.ask, certified.ark, certified.crl]) hash.update(part)
  expect(hash.digest('hex')).toBe('1c962bbc598a15b3b7be40915062de2b64662cad0b65cf1fcb89805e3d05ddb6')
})

test('a platform has one root whatever the day, and a CRL of each day', () => {
  let at = now
  const evidence = snpPlatform(DEVELOPMENT_SEED, () => at)
  const request = { reportData: new Uint8Array(64).fill(1), imageH: new Uint8Array(32).fill(2) }
  const first = evidence(request)
  at = new Date(now.getTime() + 86_400_000)
  const next = evidence(request)
  expect(first.report.subarray(0x50, 0x90)).toEqual(request.reportData)
  expect(first.report.subarray(0xc0, 0xe0)).toEqual(request.imageH)
  expect(next.ark).toEqual(snpRoot(DEVELOPMENT_SEED))
  expect(next.vek).toEqual(first.vek)
  expect(next.crl).not.toEqual(first.crl)
})
