import { utf8 } from '@dcml/protocol'
import { readGpuFields } from '../../../src/nvidia/fields.ts'
import { readIdentity, requireFwid } from '../../../src/nvidia/identity.ts'
import { readGpuReport } from '../../../src/nvidia/spdm.ts'
import { readVek } from '../../../src/snp/vek.ts'
import { readPlatform } from '../../../src/tdx/pck.ts'
import { readQuote } from '../../../src/tdx/quote.ts'
import { readCertificate } from '../../../src/x509/certificate.ts'
import { readCrl } from '../../../src/x509/crl.ts'
import { readPem } from '../../../src/x509/pem.ts'
import type { Target } from '../target.ts'
import { certificates, collateral, crls, hopper, quotes, textOf } from './world.ts'

const KINDS = ['p256', 'p384', 'rsa'] as const
const [leaf, device] = readPem(hopper[0]!.certificates) as [Uint8Array, Uint8Array]
const { fwid } = readGpuFields('gpu', readGpuReport(hopper[0]!.report).opaque) as { fwid: Uint8Array }
const pck = readPem(readQuote(quotes[0]!).certificates)[0]!

export const x509: readonly Target[] = [
  {
    name: 'X.509 certificate',
    form: 'der',
    seeds: [...certificates.intel, ...certificates.amd, ...certificates.nvidia],
    longest: 65_536,
    memory: 8,
    refusals: ['Refusal'],
    parse: (der) => readCertificate(der, KINDS),
  },
  {
    name: 'PCK certificate',
    form: 'der',
    seeds: [pck],
    longest: 12_288,
    memory: 4,
    refusals: ['Refusal'],
    parse: (der) => readPlatform(readCertificate(der, ['p256'])),
  },
  {
    name: 'VCEK certificate',
    form: 'der',
    seeds: [certificates.amd[0]!],
    longest: 12_288,
    memory: 4,
    refusals: ['Refusal'],
    parse: (der) => readVek(readCertificate(der, KINDS)),
  },
  {
    name: 'GPU certificate',
    form: 'der',
    seeds: [leaf],
    longest: 12_288,
    memory: 4,
    refusals: ['Refusal'],
    parse(der) {
      const certificate = readCertificate(der, ['p384'])
      readIdentity([certificate, readCertificate(device, ['p384'])])
      requireFwid(certificate, fwid)
    },
  },
  {
    name: 'CRL',
    form: 'der',
    seeds: crls,
    longest: 524_288,
    memory: 32,
    refusals: ['Refusal'],
    parse: (der) => readCrl(der, KINDS),
  },
  {
    name: 'PEM',
    form: 'text',
    seeds: [utf8(collateral.pck_crl_issuer_chain), utf8(hopper[0]!.certificates)],
    longest: 16_384,
    memory: 4,
    refusals: ['Refusal'],
    parse: (text) => readPem(textOf(text)),
  },
]
