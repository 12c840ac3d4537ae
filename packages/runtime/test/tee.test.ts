// The kernel's TEE interface against a stand-in that answers as it does.
import { formatEventLog, parseEventLog, replayEventLog, type TdxEvidence, verifyTdxQuote } from '@dcml/attestation'
import { concatBytes, toHex, utf8 } from '@dcml/protocol'
import { describe, expect, test } from 'vitest'
import { collateralSource, configfsTsm } from '../src/index.ts'
import { teeBackendCompliance } from '../src/testing.ts'
import { simulator } from './harness.ts'
import { type FakeKernelOptions, fakeKernel } from './kernel.ts'

const imageH = new Uint8Array(32).fill(3)
const mint = (reportData: Uint8Array): Uint8Array => simulator.mintQuote({ reportData, imageH })
const EVENT_LOG = '/run/event-log.json'
const tdx = { collateral: collateralSource('simulator', async () => simulator.collateral()), eventLog: EVENT_LOG }
const { eventLog } = (await simulator.createTee({ imageH }).quote(new Uint8Array(64))) as TdxEvidence
const data = (seed: number): Uint8Array => new Uint8Array(64).fill(seed)
const kernelOf = (options: Partial<FakeKernelOptions> = {}) =>
  fakeKernel({ report: mint, files: { [EVENT_LOG]: eventLog! }, ...options })

describe('simulator', () => {
  for (const { name, run } of teeBackendCompliance(async () => simulator.createTee({ tee: 'snp', imageH })))
    test(`SEV-SNP: ${name}`, run)
  for (const { name, run } of teeBackendCompliance(async () => simulator.createTee({ imageH }))) test(name, run)
})

describe('configfs-tsm', () => {
  for (const { name, run } of teeBackendCompliance(async () => configfsTsm({ tdx, fs: kernelOf().fs }))) test(name, run)

  test('its evidence verifies', async () => {
    const { fs, reports } = kernelOf()
    const evidence = (await configfsTsm({ tdx, fs }).quote(data(5))) as TdxEvidence
    expect(evidence.eventLog).toEqual(eventLog)
    const verdict = await verifyTdxQuote({ ...evidence, roots: [simulator.rootDer], now: new Date() })
    expect(verdict.report && toHex(verdict.report.reportData)).toBe(toHex(data(5)))
    expect(reports.size).toBe(0)
  })

  for (const [what, fail] of Object.entries({
    'a busy quoting service': (n: number, file: string) => (n < 3 && file === 'outblob' ? 'EBUSY' : undefined),
    'an interrupted write': (n: number, file: string) => (n < 2 && file === 'inblob' ? 'EINTR' : undefined),
    'somebody else writing to the report': (n: number, file: string) =>
      n < 2 && file === 'outblob' ? 'CONFLICT' : undefined,
  })) {
    test(`tries again after ${what}`, async () => {
      const kernel = kernelOf({ fail })
      const evidence = await configfsTsm({ tdx, fs: kernel.fs }).quote(data(1))
      expect(evidence.tee).toBe('tdx')
      expect(kernel.attempts()).toBeGreaterThan(1)
      expect(kernel.reports.size).toBe(0)
    })
  }

  for (const [code, hint] of Object.entries({
    ENXIO: 'tdx_guest',
    EACCES: 'right to write',
    ENOENT: 'SEV-SNP guest',
    EFBIG: 'firmware',
    EIO: 'quote generation service',
  })) {
    test(`${code} fails at once, says what to do and leaves no folder`, async () => {
      const kernel = kernelOf({ fail: (_n, file) => (file === 'outblob' ? code : undefined) })
      const quote = configfsTsm({ tdx, fs: kernel.fs }).quote(data(1))
      await expect(quote).rejects.toMatchObject({ code: 'tee_unavailable', hint: expect.stringContaining(hint) })
      expect([kernel.attempts(), kernel.reports.size]).toEqual([1, 0])
    })
  }

  test('a service that stays busy fails as retryable; an abort ends the waiting', async () => {
    const kernel = kernelOf({ fail: (_n, file) => (file === 'outblob' ? 'EBUSY' : undefined) })
    const tee = configfsTsm({ tdx, fs: kernel.fs })
    const reason = new Error('enough')
    await expect(tee.quote(data(1), { signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
    await expect(tee.quote(data(1))).rejects.toMatchObject({ code: 'tee_unavailable', retryable: true })
  })

  test('without the event log of the boot there is no evidence', async () => {
    const { fs } = kernelOf()
    await expect(configfsTsm({ tdx: { ...tdx, eventLog: '/absent' }, fs }).quote(data(1))).rejects.toMatchObject({
      code: 'tee_event_log_missing',
    })
  })

  test('the firmware’s log goes before the boot code’s, and both lead to the quoted registers', async () => {
    const u32 = (...values: number[]) => new Uint8Array(Uint32Array.from(values).buffer)
    const specId = concatBytes(utf8('Spec ID Event03\0'), u32(0, 0x0200_0200, 1), Uint8Array.of(12, 0, 48, 0, 0))
    const header = concatBytes(u32(1, 3), new Uint8Array(20), u32(specId.length), specId)
    const log = parseEventLog(eventLog!)
    const measured = log
      .filter(({ imr }) => imr < 3)
      .map(({ imr, digest }) =>
        concatBytes(u32(imr + 1, 0x8000_0003, 1), Uint8Array.of(12, 0), digest, u32(3), utf8('abc')),
      )
    const files = {
      '/ccel': concatBytes(header, ...measured, new Uint8Array(64).fill(255)),
      [EVENT_LOG]: formatEventLog(log.filter(({ imr }) => imr === 3)),
    }
    const { fs } = kernelOf({ files })
    const evidence = (await configfsTsm({ tdx: { ...tdx, ccel: '/ccel' }, fs }).quote(data(5))) as TdxEvidence
    const whole = parseEventLog(evidence.eventLog!)
    expect(replayEventLog(whole).map(toHex)).toEqual(replayEventLog(log).map(toHex))
    expect(whole.filter(({ imr }) => imr < 3).map(({ event, payload }) => [event, payload.length])).toEqual(
      measured.map(() => ['', 0]),
    )
    for (const [ccel, code] of [
      ['/absent', 'tee_event_log_missing'],
      [EVENT_LOG, 'event_log_malformed'],
    ] as const)
      await expect(configfsTsm({ tdx: { ...tdx, ccel }, fs }).quote(data(5))).rejects.toMatchObject({ code })
  })

  test('another TEE is refused by its name, and one that nothing is set for', async () => {
    const { fs } = kernelOf({ provider: 'arm_cca_guest' })
    await expect(configfsTsm({ tdx, fs }).quote(data(1))).rejects.toMatchObject({
      code: 'tee_unsupported',
      message: expect.stringContaining('arm_cca_guest'),
    })
    for (const provider of ['tdx_guest', 'sev_guest'])
      await expect(configfsTsm({ fs: kernelOf({ provider }).fs }).quote(data(1))).rejects.toMatchObject({
        code: 'tee_unsupported',
        hint: expect.stringContaining(provider === 'tdx_guest' ? '`tdx`' : '`snp`'),
      })
  })

  test('a quote over other report data is not handed out', async () => {
    const { fs } = kernelOf({ report: () => mint(data(9)) })
    await expect(configfsTsm({ tdx, fs }).quote(data(1))).rejects.toMatchObject({ code: 'tee_answer_malformed' })
  })

  test('collateral that has expired, or is not signed as it says, is not stapled', async () => {
    const { fs } = kernelOf()
    const later = configfsTsm({ tdx, fs, clock: () => Date.now() + 400 * 86_400_000 })
    await expect(later.quote(data(1))).rejects.toMatchObject({ code: 'tee_collateral_expired', retryable: true })
    const forged = collateralSource('forger', async () => {
      const given = simulator.collateral()
      return { ...given, tcb_info: given.tcb_info.replace('UpToDate', 'OutOfDate') }
    })
    const tee = configfsTsm({ tdx: { ...tdx, collateral: forged }, fs })
    await expect(tee.quote(data(1))).rejects.toMatchObject({
      code: 'tee_collateral_unavailable',
      message: expect.stringContaining('tcb_info'),
    })
  })

  test('its GPUs are those it was given', () => {
    const gpu = { name: 'none', evidence: async () => [] }
    expect(configfsTsm({ tdx, gpu }).gpu).toBe(gpu)
    expect('gpu' in configfsTsm({ tdx })).toBe(false)
  })
})
