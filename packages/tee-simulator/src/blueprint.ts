import { fromHex } from '@dcml/protocol'
import { bootEvents, developmentImage, mrConfigId } from './boot.ts'
import {
  authorityKeyIdentifier,
  basicConstraints,
  type CertificateTemplate,
  type CrlTemplate,
  crlDistributionPoint,
  crlNumber,
  developmentMarker,
  keyUsage,
  subjectKeyIdentifier,
} from './certificate.ts'
import { derive, deriveKey, type KeyPair } from './keys.ts'
import type { QeReport, QuoteHeader, TdReport } from './quote.ts'
import { replay } from './rtmr.ts'
import { type Platform, sgxExtension } from './sgx-extension.ts'
import { type QeIdentity, qeIdentity, type TcbInfo, tcbInfo, type Window } from './tcb.ts'

/**
 * A whole development platform as plain data, before anything is signed: what Intel, the processor and the
 * hypervisor would say. An attack bends a fresh copy; `issue` signs whatever it finds.
 */
export interface Blueprint {
  root: CertificateTemplate
  intermediate: CertificateTemplate
  pck: CertificateTemplate
  tcbSigner: CertificateTemplate
  rootCrl: CrlTemplate
  pckCrl: CrlTemplate
  tcbInfo: TcbInfo
  tcbInfoSigner: KeyPair
  qeIdentity: QeIdentity
  qeIdentitySigner: KeyPair
  platform: Platform
  header: QuoteHeader
  td: TdReport
  attestationKey: KeyPair
  /** The key (x || y) that the quoting enclave vouches for. */
  certifiedKey: Uint8Array
  qeReport: QeReport
  qeReportSigner: KeyPair
  authData: Uint8Array
}

const day = 86_400_000
/** Certificates outlive any development machine; UTCTime ends in 2049. */
const lifetime = { notBefore: new Date('2020-01-01T00:00:00Z'), notAfter: new Date('2049-12-31T23:59:59Z') }

/** Statements are issued on the day before and live 30 days, as Intel's: the same bytes for a whole UTC day. */
export function windowAround(now: Date): Window {
  const midnight = Math.floor(now.getTime() / day) * day
  return { issueDate: new Date(midnight - day), nextUpdate: new Date(midnight + 29 * day) }
}

/** The honest platform of a seed, running one workload. */
export function blueprint(seed: Uint8Array, now: Date, imageH: Uint8Array = new Uint8Array(32)): Blueprint {
  const key = (label: string): KeyPair => deriveKey(seed, label)
  const keys = { root: key('root'), intermediate: key('intermediate'), pck: key('pck'), tcbSigner: key('tcb signer') }
  const names = {
    root: 'DEVELOPMENT SGX Root CA',
    intermediate: 'DEVELOPMENT SGX PCK Platform CA',
    pck: 'DEVELOPMENT SGX PCK Certificate',
    tcbSigner: 'DEVELOPMENT SGX TCB Signing',
  }
  type Role = keyof typeof keys

  const certificate = (role: Role, issuer: Role, pathLength?: number): CertificateTemplate => ({
    ...lifetime,
    subject: names[role],
    issuer: names[issuer],
    serial: derive(seed, `serial ${role}`, 16),
    key: keys[role],
    signer: keys[issuer],
    extensions: [
      authorityKeyIdentifier(keys[issuer]),
      crlDistributionPoint(`https://development.invalid/${issuer}.crl`),
      subjectKeyIdentifier(keys[role]),
      keyUsage(pathLength === undefined ? 'signData' : 'signCertificates'),
      basicConstraints(pathLength !== undefined, pathLength),
      developmentMarker,
    ],
  })
  const platform: Platform = {
    ppid: derive(seed, 'ppid', 16),
    cpuSvn: fromHex('03030202040100050000000000000000'),
    pceSvn: 13,
    pceId: fromHex('0000'),
    fmspc: fromHex('dec0de000000'),
    platformInstanceId: derive(seed, 'platform instance', 16),
  }
  const pck = certificate('pck', 'intermediate')
  pck.extensions.push(sgxExtension(platform))

  const window = windowAround(now)
  const crl = (issuer: Role): CrlTemplate => ({
    issuer: names[issuer],
    thisUpdate: window.issueDate,
    nextUpdate: window.nextUpdate,
    revoked: [],
    signer: keys[issuer],
    extensions: [authorityKeyIdentifier(keys[issuer]), crlNumber(1)],
  })
  const qeReport: QeReport = {
    cpuSvn: Uint8Array.from(platform.cpuSvn),
    miscSelect: 0,
    attributes: fromHex('1500000000000000e700000000000000'),
    mrEnclave: derive(seed, 'quoting enclave', 32),
    mrSigner: derive(seed, 'quoting enclave signer', 32),
    isvProdId: 2,
    isvSvn: 4,
  }
  const attestationKey = key('attestation key')
  return {
    root: certificate('root', 'root', 1),
    intermediate: certificate('intermediate', 'root', 0),
    pck,
    tcbSigner: certificate('tcbSigner', 'root'),
    rootCrl: crl('root'),
    pckCrl: crl('intermediate'),
    tcbInfo: tcbInfo(platform, window),
    tcbInfoSigner: keys.tcbSigner,
    qeIdentity: qeIdentity(qeReport.mrSigner, window),
    qeIdentitySigner: keys.tcbSigner,
    platform,
    header: {
      version: 4,
      attestationKeyType: 2,
      teeType: 0x81,
      qeVendorId: fromHex('939a7233f79c4ca9940a0db3957f0607'),
    },
    td: {
      teeTcbSvn: fromHex('06010300000000000000000000000000'),
      mrSeam: derive(seed, 'tdx module', 48),
      mrSignerSeam: new Uint8Array(48),
      seamAttributes: new Uint8Array(8),
      tdAttributes: fromHex('0000001000000000'),
      xfam: fromHex('e702060000000000'),
      mrtd: fromHex(developmentImage.mrtd),
      mrConfigId: mrConfigId(imageH),
      mrOwner: new Uint8Array(48),
      mrOwnerConfig: new Uint8Array(48),
      rtmrs: replay(bootEvents(imageH)),
      reportData: new Uint8Array(64),
    },
    attestationKey,
    certifiedKey: attestationKey.point,
    qeReport,
    qeReportSigner: keys.pck,
    authData: derive(seed, 'authentication data', 32),
  }
}
