// SEV-SNP guests: the kernel's report, the host's certificate table, AMD's key service and folders, on recorded forms of
// their answers.
import { X509Certificate } from 'node:crypto'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  development,
  imageH,
  parsePolicy,
  readSnpReport,
  type SnpEvidence,
  verifyEvidence,
  verifySnpReport,
} from '@dcml/attestation'
import { createEnclave } from '@dcml/attestation/node'
import { concatBytes, fromHex, toHex } from '@dcml/protocol'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { findVector } from '../../../test/vectors.ts'
import { amdKds, configfsTsm, type SnpCertificates, snpCertificateFolder, snpCertificateSource } from '../src/index.ts'
import { readCertTable } from '../src/tee/snp/cert-table.ts'
import { snpCertificates } from '../src/tee/snp/kind.ts'
import { snpIdentity } from '../src/tee/snp/report.ts'
import { teeBackendCompliance } from '../src/testing.ts'
import { manifestOf, simulator } from './harness.ts'
import { fakeKernel } from './kernel.ts'

/** A report that says of itself what certificates are looked up by; nobody signed it. */
function reportOf(fields: { version?: number; key?: number; cpu?: [number, number]; tcb?: number[]; chip?: number[] }) {
  const report = new Uint8Array(1184)
  report[0] = fields.version ?? 3
  report[0x48] = (fields.key ?? 0) << 2
  report.set(fields.cpu ?? [0x19, 0x11], 0x188)
  report.set(fields.tcb ?? [], 0x180)
  report.set(fields.chip ?? Array.from({ length: 64 }, (_, i) => i + 1), 0x1a0)
  return report
}

const GUID = {
  vcek: '63da758de6644564adc5f4b93be8accd',
  vlek: 'a8074bc2a25a483eaae639c045a0b8a1',
  ask: '4ab7b379bbac4fe4a02f05aef327c782',
  ark: 'c0b406a4a803495297433fb6014cd0ae',
  extra: 'ecae0c0f950243b1afa20ae2e0d565b6',
}
const u32 = (value: number): Uint8Array => new Uint8Array(Uint32Array.of(value).buffer)

/** A certificate table as hosts lay it beside a report, filled up to a page. */
function tableOf(parts: Partial<Record<keyof typeof GUID, Uint8Array>>): Uint8Array {
  const entries = Object.entries(parts)
  let offset = 24 * (entries.length + 1)
  const heads = entries.map(([name, bytes]) => {
    const head = concatBytes(fromHex(GUID[name as keyof typeof GUID]), u32(offset), u32(bytes.length))
    offset += bytes.length
    return head
  })
  const table = concatBytes(...heads, new Uint8Array(24), ...entries.map(([, bytes]) => bytes))
  return concatBytes(table, new Uint8Array(4096 - (table.length % 4096)))
}

const pem = (der: Uint8Array): string => new X509Certificate(der).toString()

describe('the certificate table', () => {
  const bytes = (seed: number) => new Uint8Array(20).fill(seed)

  test('gives what it names, whichever key signed, and passes over the rest', () => {
    const named = { ask: bytes(2), ark: bytes(3) }
    expect(readCertTable(tableOf({ ark: bytes(3), vcek: bytes(1), extra: bytes(9), ask: bytes(2) }))).toEqual({
      vek: bytes(1),
      ...named,
    })
    expect(readCertTable(tableOf({ vlek: bytes(4), ...named }))).toEqual({ vek: bytes(4), ...named })
    for (const nothing of [new Uint8Array(), new Uint8Array(4096)]) expect(readCertTable(nothing)).toEqual({})
  })

  test('that points behind its end or is cut short is refused, whatever its bytes', () => {
    const table = tableOf({ vcek: bytes(1) })
    table.set(u32(table.length), 20)
    for (const broken of [table, tableOf({ vcek: bytes(1) }).subarray(0, 30), new Uint8Array(23).fill(1)])
      expect(() => readCertTable(broken)).toThrow(expect.objectContaining({ code: 'tee_cert_table_malformed' }))
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 120 }), (noise) => {
        try {
          for (const part of Object.values(readCertTable(noise))) expect(part.length).toBeLessThanOrEqual(noise.length)
        } catch (error) {
          expect(error).toMatchObject({ code: 'tee_cert_table_malformed' })
        }
      }),
    )
  })
})

describe('what a report is asked for by', () => {
  test.each([
    ['Milan', reportOf({ cpu: [0x19, 0x01], tcb: [1, 2, 0, 0, 0, 0, 6, 7] })],
    ['Genoa', reportOf({ cpu: [0x19, 0xa0], tcb: [1, 2, 0, 0, 0, 0, 6, 7] })],
  ])('%s', (product, report) => {
    const reportedTcb = { bootloader: 1, tee: 2, snp: 6, microcode: 7 }
    expect(snpIdentity(report)).toMatchObject({ product, key: 'vcek', reportedTcb })
  })

  test('Turin counts its FMC first; version 2 names no processor; other keys have no certificate', () => {
    const turin = reportOf({ cpu: [0x1a, 0x02], tcb: [1, 2, 3, 4, 0, 0, 0, 8], key: 1 })
    const reportedTcb = { fmc: 1, bootloader: 2, tee: 3, snp: 4, microcode: 8 }
    expect(snpIdentity(turin)).toMatchObject({ product: 'Turin', key: 'vlek', reportedTcb })
    const old = reportOf({ version: 2, cpu: [0, 0] })
    expect(snpIdentity(old, 'Milan').product).toBe('Milan')
    for (const wrong of [old, reportOf({ key: 7 }), reportOf({ cpu: [0x17, 1] }), turin.subarray(1)])
      expect(() => snpIdentity(wrong)).toThrow(expect.objectContaining({ code: 'tee_quote_unreadable' }))
  })
})

describe("AMD's key service", () => {
  /** The service, for two issuers and any leaf. */
  function kds(broken?: string) {
    const asked: string[] = []
    const fetch = (async (input: unknown) => {
      const url = new URL(String(input))
      asked.push(url.pathname + url.search)
      const part = url.pathname.split('/').at(-1)!
      if (part === broken) return new Response('', { status: 429 })
      if (part === 'cert_chain') return new Response(`${pem(issuer)}${pem(root)}`)
      return new Response(Uint8Array.of(0x30, part === 'crl' ? 1 : 2))
    }) as typeof globalThis.fetch
    return { fetch, asked }
  }
  const issuer = findVector('attestation/snp/roots/genoa-ask.der')!
  const root = findVector('attestation/snp/roots/genoa-ark.der')!
  const hwid = toHex(Uint8Array.from({ length: 64 }, (_, i) => i + 1))

  test.skipIf(issuer === undefined).each([
    [
      'Genoa',
      reportOf({ tcb: [10, 0, 0, 0, 0, 0, 27, 27] }),
      `vcek/v1/Genoa/${hwid}?blSPL=10&teeSPL=00&snpSPL=27&ucodeSPL=27`,
    ],
    [
      'Turin',
      reportOf({ cpu: [0x1a, 0x02], tcb: [1, 2, 3, 4, 0, 0, 0, 80] }),
      'vcek/v1/Turin/0102030405060708?fmcSPL=01&blSPL=02&teeSPL=03&snpSPL=04&ucodeSPL=80',
    ],
  ])('is asked for the VCEK of a %s by chip and patch levels', async (product, report, path) => {
    const { fetch, asked } = kds()
    const found = await amdKds({ fetch }).ask({ report })
    expect(asked).toEqual([`/${path}`, `/vcek/v1/${product}/cert_chain`, `/vcek/v1/${product}/crl`])
    expect(found).toEqual({ vek: Uint8Array.of(0x30, 2), ask: issuer, ark: root, crl: Uint8Array.of(0x30, 1) })
  })

  test.skipIf(issuer === undefined)(
    'is not asked for a key that the host brought, nor for one that it does not give',
    async () => {
      const { fetch, asked } = kds()
      const vek = Uint8Array.of(0x30, 7)
      const report = reportOf({ key: 1 })
      expect(await amdKds({ fetch, url: 'https://mirror.example' }).ask({ report, vek })).toMatchObject({ vek })
      expect(asked).toEqual(['/vlek/v1/Genoa/cert_chain', '/vlek/v1/Genoa/crl'])
      const hidden = reportOf({ chip: Array.from({ length: 64 }, () => 0) })
      for (const wanting of [report, hidden])
        await expect(amdKds({ fetch }).ask({ report: wanting })).rejects.toMatchObject({
          code: 'tee_collateral_unavailable',
        })
      for (const part of ['cert_chain', 'crl', hwid])
        await expect(amdKds({ fetch: kds(part).fetch }).ask({ report: reportOf({}) })).rejects.toMatchObject({
          code: 'tee_collateral_unavailable',
          retryable: true,
        })
    },
  )
})

const read = {
  report: findVector('attestation/snp/genoa-v5/report.bin'),
  vek: findVector('attestation/snp/genoa-v5/vcek.der'),
  ask: findVector('attestation/snp/roots/genoa-ask.der'),
  ark: findVector('attestation/snp/roots/genoa-ark.der'),
}

describe.skipIf(Object.values(read).includes(undefined))('a real Genoa report', () => {
  const { report, ...certificates } = read as Record<keyof typeof read, Uint8Array>
  const chipId = toHex(report.slice(0x1a0, 0x1e0))
  const asked = readSnpReport(report).reportData
  const lax = parsePolicy({ tee: ['snp'], images: 'any', imageH: 'any', snp: { crl: false } })
  const kernelOf = (auxblob?: Uint8Array) =>
    fakeKernel({ report: () => report, provider: 'sev_guest', ...(auxblob && { auxblob }) })
  const genuine = async (evidence: SnpEvidence): Promise<string[]> => {
    const { checks } = await verifySnpReport({ ...evidence, now: new Date(), policy: lax })
    return checks.filter(({ status }) => status === 'fail').map(({ name }) => name)
  }

  let folder: string
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'dcml-snp-'))
    const own = join(folder, 'Genoa', 'vcek')
    await mkdir(own, { recursive: true })
    await writeFile(join(own, 'cert_chain'), `${pem(certificates.ask)}${pem(certificates.ark)}`)
    await writeFile(join(own, `${chipId}.der`), certificates.vek)
  })
  afterAll(() => rm(folder, { recursive: true }))

  test('becomes evidence with certificates of a folder, and no signature of it fails', async () => {
    const kernel = kernelOf()
    const tee = configfsTsm({ snp: { certificates: snpCertificateFolder(folder), privilegeLevel: 0 }, fs: kernel.fs })
    const evidence = (await tee.quote(asked)) as SnpEvidence
    expect(evidence).toEqual({ tee: 'snp', report, ...certificates })
    // its TCB is below what any policy would set as least
    expect(
      (await genuine(evidence)).filter((name) => !name.startsWith('snp_tcb') && !name.includes('min_tcb')),
    ).toEqual([])
    expect(kernel.levels).toEqual(['0'])
    expect(tee.sealingKey).toBeUndefined()
  })

  test('becomes evidence with the host’s table alone, where that is whole', async () => {
    const { vek, ask, ark } = certificates
    const tee = configfsTsm({ snp: {}, fs: kernelOf(tableOf({ vcek: vek, ask, ark })).fs })
    expect(await tee.quote(asked)).toEqual({ tee: 'snp', report, vek, ask, ark })
    for (const table of [undefined, tableOf({ vcek: vek }), tableOf({ vcek: ask, ask, ark })])
      await expect(configfsTsm({ snp: {}, fs: kernelOf(table).fs }).quote(asked)).rejects.toMatchObject({
        code: 'tee_collateral_unavailable',
      })
  })

  test('a key of the host’s that did not sign the report is not asked about, a good one is', async () => {
    const questions: (Uint8Array | undefined)[] = []
    const source = snpCertificateSource('own', async ({ vek }) => {
      questions.push(vek)
      return certificates as SnpCertificates
    })
    for (const vcek of [certificates.ask, certificates.vek])
      await configfsTsm({ snp: { certificates: source }, fs: kernelOf(tableOf({ vcek })).fs }).quote(asked)
    expect(questions).toEqual([undefined, certificates.vek])
  })

  test('over other report data it is not handed out', async () => {
    const tee = configfsTsm({ snp: { certificates: snpCertificateFolder(folder) }, fs: kernelOf().fs })
    await expect(tee.quote(new Uint8Array(64).fill(1))).rejects.toMatchObject({ code: 'tee_answer_malformed' })
  })

  test('certificates that do not hang together are none', () => {
    const question = { report }
    const { vek, ask, ark } = certificates as SnpCertificates
    expect(() => snpCertificates.check({ vek, ask, ark }, question)).not.toThrow()
    const other = new Uint8Array(report)
    other[0x50]! ^= 1
    for (const [wrong, about] of [
      [{ vek: ask, ask, ark }, question],
      [{ vek, ask: ark, ark }, question],
      [{ vek, ask, ark: ask }, question],
      [{ vek, ask, ark }, { report: other }],
      [{ vek, ask, ark, crl: vek }, question],
    ] as const)
      expect(() => snpCertificates.check(wrong, about)).toThrow(
        expect.objectContaining({ code: 'tee_collateral_unavailable' }),
      )
  })

  test('sources that give other issuers, or certify another key, disagree; what is kept is what was given', () => {
    const mine = certificates as SnpCertificates
    expect(snpCertificates.decode(snpCertificates.encode(mine))).toEqual(mine)
    expect(snpCertificates.newer(mine, mine)).toEqual(mine)
    for (const member of ['vek', 'ask', 'ark'] as const)
      expect(() => snpCertificates.newer(mine, { ...mine, [member]: member === 'ask' ? mine.ark : mine.ask })).toThrow(
        expect.objectContaining({ code: 'tee_collateral_disagrees', details: { member } }),
      )
  })
})

const milan = {
  report: findVector('attestation/snp/milan-v2/report.bin'),
  vek: findVector('attestation/snp/milan-v2/vcek.der'),
  wrong: findVector('attestation/snp/milan-v2/vcek-wrong-chip.der'),
  ask: findVector('attestation/snp/roots/milan-ask.der'),
  ark: findVector('attestation/snp/roots/milan-ark.der'),
}

test.skipIf(Object.values(milan).includes(undefined))(
  'a real Milan report of version 2 needs to be told its family',
  async () => {
    const { report, vek, wrong, ask, ark } = milan as Record<keyof typeof milan, Uint8Array>
    const source = snpCertificateSource('own', async (question) => {
      snpCertificates.name(question)
      return { vek, ask, ark }
    })
    const auxblob = tableOf({ vcek: wrong, ask, ark })
    const { fs } = fakeKernel({ report: () => report, provider: 'sev_guest', auxblob })
    const asked = readSnpReport(report).reportData
    const told = configfsTsm({ snp: { certificates: source, product: 'Milan' }, fs })
    expect(await told.quote(asked)).toEqual({ tee: 'snp', report, vek, ask, ark })
    await expect(configfsTsm({ snp: { certificates: source }, fs }).quote(asked)).rejects.toMatchObject({
      code: 'tee_quote_unreadable',
      hint: expect.stringContaining('processor family'),
    })
  },
)

describe('a simulated guest', async () => {
  const manifest = manifestOf()
  const guest = simulator.createTee({ tee: 'snp', imageH: imageH(manifest) })
  const whole = await guest.quote(new Uint8Array(64))
  /** AMD's service, as it answers for this chip. */
  const kds = amdKds({
    fetch: (async (input: unknown) => {
      const part = new URL(String(input)).pathname.split('/').at(-1)
      if (part === 'cert_chain') return new Response(`${pem(whole.ask)}${pem(whole.ark)}`)
      return new Response(Uint8Array.from(part === 'crl' ? whole.crl! : whole.vek))
    }) as typeof globalThis.fetch,
  })
  const backendOf = (auxblob?: Uint8Array) =>
    configfsTsm({
      snp: { certificates: kds },
      fs: fakeKernel({
        provider: 'sev_guest',
        report: async (reportData) => (await guest.quote(reportData)).report,
        ...(auxblob && { auxblob }),
      }).fs,
    })

  for (const { name, run } of teeBackendCompliance(async () => backendOf())) test(name, run)

  test.each([
    ['by AMD’s service', undefined],
    ['by the host and AMD’s service', tableOf({ vcek: whole.vek, ask: whole.ask, ark: whole.ark })],
  ])('gives evidence that verifies, completed %s', async (_, auxblob) => {
    const { environment } = guest
    const enclave = await createEnclave({ tee: { ...backendOf(auxblob), environment }, manifest })
    const subject = { purpose: 'session', nonce: new Uint8Array(32).fill(4), tlsSpki: enclave.tlsSpki } as const
    const { ok, checks } = await verifyEvidence({
      evidence: await enclave.quote(subject),
      policy: development({ tee: ['snp'], imageH: [toHex(enclave.imageH)], binding: 'key' }),
      roots: [simulator.rootPem],
      now: new Date(),
      expect: subject,
    })
    expect(checks.filter(({ status }) => status === 'fail')).toEqual([])
    expect(ok).toBe(true)
    for (const name of ['snp_crl_signature', 'host_data'])
      expect(checks.find((check) => check.name === name)).toMatchObject({ status: 'pass' })
  })

  test('a list of revocations that somebody else signed is not stapled', async () => {
    const forged = snpCertificateSource('forger', async () => {
      const crl = Uint8Array.from(whole.crl!)
      crl[crl.length - 1]! ^= 1
      return { vek: whole.vek, ask: whole.ask, ark: whole.ark, crl }
    })
    expect(() => snpCertificates.check(whole, { report: whole.report })).not.toThrow()
    const judged = forged.ask(whole).then((bad) => snpCertificates.check(bad, whole))
    await expect(judged).rejects.toMatchObject({
      code: 'tee_collateral_unavailable',
      message: expect.stringContaining('CRL'),
    })
  })
})
