// OpenSSL's view of what the simulator mints for GPUs: chains, OCSP responses, CRLs and report signatures.
import { spawnSync } from 'node:child_process'
import { createPublicKey, verify, X509Certificate } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { issueCertificate, issueCrl, toPem } from '../certificate.ts'
import { type DeviceBlueprint, emptyCrl, machineBlueprint, revocable } from './blueprint.ts'
import { issueDevice } from './issue.ts'
import { issueOcsp } from './ocsp.ts'

const present = spawnSync('openssl', ['version']).status === 0
if (!present) console.info('openssl is not installed: its view of the GPU PKI is not tested')
const folder = mkdtempSync(join(tmpdir(), 'dcml-gpu-'))
afterAll(() => rmSync(folder, { recursive: true }))

const seed = new TextEncoder().encode('oracles')
const now = new Date()
const devices = machineBlueprint(seed, now, { gpus: 1, switches: 1, chip: 'GB100' })
let files = 0
const write = (content: string | Uint8Array): string => {
  const path = join(folder, `${++files}`)
  writeFileSync(path, content)
  return path
}
const openssl = (...args: string[]) => {
  const { stdout, stderr } = spawnSync('openssl', args, { encoding: 'utf8' })
  return stdout + stderr
}
const pem = (chain: DeviceBlueprint['chain']): string => chain.map(issueCertificate).map(toPem).join('')

test.each(devices)('a $kind signs request and response with the key of its leaf', (device) => {
  const { report, certificates } = issueDevice(device)
  const key = createPublicKey(new X509Certificate(certificates).publicKey.export({ type: 'spki', format: 'pem' }))
  const signature = report.subarray(-96)
  expect(verify('sha384', report.subarray(0, -96), { key, dsaEncoding: 'ieee-p1363' }, signature)).toBe(true)
})

test.skipIf(!present).each(devices)('OpenSSL verifies both chains of a $kind, strictly and with CRLs', (device) => {
  for (const chain of [device.chain, device.rimChain]) {
    const [leaf, ...issuers] = chain
    // of the leaf there is no list: a boot ROM signs none
    const listed = chain === device.chain ? chain.slice(1) : chain
    const crls = revocable(listed).map((pair) => issueCrl(emptyCrl(pair, now)))
    const lists = crls.map(
      (crl) => `-----BEGIN X509 CRL-----\n${Buffer.from(crl).toString('base64')}\n-----END X509 CRL-----\n`,
    )
    const trust = ['-CAfile', write(pem([chain.at(-1)!])), '-untrusted', write(pem(issuers))]
    expect(openssl('verify', '-x509_strict', ...trust, write(pem([leaf!])))).toMatch(/: OK\n$/)
    const revocation = ['-crl_check_all', '-CRLfile', write(lists.join(''))]
    expect(openssl('verify', ...trust, ...revocation, write(pem([listed[0]!])))).toMatch(/: OK\n$/)
  }
})

test.skipIf(!present).each([
  { status: 'good', hash: 'sha384' },
  { status: 'revoked', hash: 'sha256' },
  { status: 'good', hash: 'sha1' },
] as const)('OpenSSL accepts the responder and reads $status from its answer ($hash)', ({ status, hash }) => {
  const { chain, ocsp } = structuredClone(devices[0]!)
  Object.assign(ocsp[0]!.statements[0]!, { status, hash })
  const [, certificate, issuer, ...above] = chain
  const answer = openssl(
    'ocsp',
    ...['-respin', write(issueOcsp(ocsp[0]!)), '-issuer', write(pem([issuer!])), `-${hash}`],
    ...['-cert', write(pem([certificate!])), '-CAfile', write(pem([chain.at(-1)!]))],
    ...['-verify_other', write(pem([issuer!, ...above]))],
  )
  expect(answer).toContain('Response verify OK')
  expect(answer).toMatch(new RegExp(`: ${status}\n`))
})
