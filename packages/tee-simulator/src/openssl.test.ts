import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { blueprint } from './blueprint.ts'
import { toPem } from './certificate.ts'
import { issueCertificates, issueCollateral } from './issue.ts'
import { DEVELOPMENT_SEED } from './simulator.ts'

const present = spawnSync('openssl', ['version']).status === 0
if (!present) console.info('openssl is not installed: its view of the development PKI is not tested')

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'dcml-openssl-'))
})
afterAll(() => rmSync(folder, { recursive: true }))

function verify(bend: (plan: ReturnType<typeof blueprint>) => void = () => {}): {
  status: number | null
  output: string
} {
  const plan = blueprint(DEVELOPMENT_SEED, new Date())
  bend(plan)
  const certificates = issueCertificates(plan)
  const collateral = issueCollateral(plan, certificates)
  const write = (name: string, content: string | Uint8Array): string => {
    const path = join(folder, name)
    writeFileSync(path, content)
    return path
  }
  const crl = (hex: string): string =>
    `-----BEGIN X509 CRL-----\n${Buffer.from(hex, 'hex')
      .toString('base64')
      .replace(/.{64}(?=.)/g, '$&\n')}\n-----END X509 CRL-----\n`
  const root = write('root.pem', toPem(certificates.root))
  const intermediate = write('intermediate.pem', toPem(certificates.intermediate))
  const crls = write('crls.pem', crl(collateral.root_ca_crl) + crl(collateral.pck_crl))
  const leaves = [write('pck.pem', toPem(certificates.pck)), write('tcb.pem', toPem(certificates.tcbSigner))]
  const trust = ['-CAfile', root, '-untrusted', intermediate, '-CRLfile', crls]
  const run = spawnSync('openssl', ['verify', '-x509_strict', '-crl_check_all', ...trust, ...leaves], {
    encoding: 'utf8',
  })
  return { status: run.status, output: run.stdout + run.stderr }
}

test.skipIf(!present)('OpenSSL verifies PCK and TCB signer, strictly and with all CRLs', () => {
  expect(verify()).toEqual({ status: 0, output: expect.stringMatching(/pck\.pem: OK\n.*tcb\.pem: OK\n/) })
})

test.skipIf(!present)('OpenSSL sees a revoked PCK', () => {
  const { status, output } = verify((plan) => plan.pckCrl.revoked.push(plan.pck.serial))
  expect(status).not.toBe(0)
  expect(output).toContain('certificate revoked')
})
