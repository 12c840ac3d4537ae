// The page as a person meets it: one file, opened without a network in a real browser.
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { createSimulator } from '@dcml/tee-simulator'
import type { Browser, Page } from 'playwright-core'
import { build } from 'vite'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { CHROMIUM, launchChromium } from '../../../test/browser/chromium.ts'
import { findVector } from '../../../test/vectors.ts'
import { enclaveEvidence, receiptsFile } from './evidence.ts'

/** Kept by CI, so that a person can look at what the machine saw. */
const SCREENSHOTS = join(import.meta.dirname, '../../../artifacts/web')

describe.skipIf(CHROMIUM === undefined)('the page', () => {
  let folder: string
  let browser: Browser
  const simulator = createSimulator()

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'dcml-web-'))
    await build({
      configFile: join(import.meta.dirname, '../vite.config.ts'),
      build: { outDir: join(folder, 'dist') },
    })
    browser = await launchChromium()
    await mkdir(SCREENSHOTS, { recursive: true })
  }, 120_000)
  afterAll(async () => {
    await browser?.close()
    await rm(folder, { recursive: true, force: true })
  })

  /** Opens the page from disk, offline, and fails the test on any request, error or violation of its policy. */
  async function open(): Promise<Page> {
    const context = await browser.newContext({ offline: true, viewport: { width: 1100, height: 900 } })
    const page = await context.newPage()
    const url = pathToFileURL(join(folder, 'dist/index.html')).href
    const faults: string[] = []
    page.on('request', (request) => {
      if (request.url() !== url && !request.url().startsWith('data:')) faults.push(`asked for ${request.url()}`)
    })
    page.on('pageerror', (error) => faults.push(`${error}`))
    page.on('console', (message) => {
      if (message.type() === 'error') faults.push(message.text())
    })
    onTestFinished(async () => {
      await context.close()
      expect(faults).toEqual([])
    })
    await page.goto(url)
    return page
  }

  /** Drops files, with a time to judge at where one is given (UTC). */
  async function drop(page: Page, files: Readonly<Record<string, Uint8Array | string>>, at?: string): Promise<void> {
    if (at !== undefined) await page.fill('input[type=datetime-local]', at)
    await page.setInputFiles(
      'input[type=file]',
      Object.entries(files).map(([name, content]) => ({
        name,
        mimeType: 'application/octet-stream',
        buffer: Buffer.from(content),
      })),
    )
    await page.waitForSelector('.sheet, .problem')
  }

  const statusOf = (page: Page, check: string): Promise<string | null> =>
    page.locator(`[data-check=${check}]`).last().getAttribute('data-status')

  test('evidence of a simulator is refused without its root, and never looks good', async () => {
    const page = await open()
    await drop(page, { 'evidence.json': await enclaveEvidence(await simulator) })
    expect(await page.getAttribute('.sheet', 'data-verdict')).toBe('refused')
    expect(await statusOf(page, 'root_pinned')).toBe('fail')
    await page.screenshot({ path: join(SCREENSHOTS, 'simulated-without-root.png'), fullPage: true })
  })

  test('with its development root it is judged, and marked loudly', async () => {
    const page = await open()
    const { rootPem } = await simulator
    await drop(page, { 'evidence.json': await enclaveEvidence(await simulator), 'root.pem': rootPem })
    expect(await page.textContent('.banner')).toContain('DEVELOPMENT EVIDENCE')
    expect(await page.textContent('.sheet h2')).toContain('worthless')
    expect(await statusOf(page, 'report_data')).toBe('pass')
    // what nobody asked for is not shown as success
    expect(await statusOf(page, 'image_h')).toBe('skipped')
    await page.screenshot({ path: join(SCREENSHOTS, 'development.png'), fullPage: true })
  })

  test('a policy that is dropped with it is obeyed', async () => {
    const page = await open()
    const policy = { environment: 'development', imageH: ['ab'.repeat(32)], images: 'any' }
    const { rootPem } = await simulator
    const evidence = await enclaveEvidence(await simulator)
    await drop(page, { 'evidence.json': evidence, 'root.pem': rootPem, 'policy.json': JSON.stringify(policy) })
    expect(await page.getAttribute('.sheet', 'data-verdict')).toBe('refused')
    expect(await statusOf(page, 'image_h')).toBe('fail')
  })

  test('a genuine quote of Intel holds at its time and not a year later', async () => {
    const quote = findVector('attestation/tdx/v4-uptodate-2025-06/quote.bin')
    const collateral = findVector('attestation/tdx/v4-uptodate-2025-06/collateral.json')
    if (quote === undefined || collateral === undefined) return
    const page = await open()
    await drop(page, { 'quote.bin': quote, 'collateral.json': collateral }, '2025-07-01T00:00')
    expect(await page.getAttribute('.sheet', 'data-verdict')).toBe('holds')
    expect(await page.locator('.banner').count()).toBe(0)
    await page.screenshot({ path: join(SCREENSHOTS, 'genuine.png'), fullPage: true })
    await page.fill('input[type=datetime-local]', '2026-07-01T00:00')
    await page.waitForSelector('[data-verdict=refused]')
    expect(await statusOf(page, 'tcb_info_window')).toBe('fail')
  })

  test('roots that somebody dropped never make a green light', async () => {
    const quote = findVector('attestation/tdx/v4-uptodate-2025-06/quote.bin')
    const collateral = findVector('attestation/tdx/v4-uptodate-2025-06/collateral.json')
    if (quote === undefined || collateral === undefined) return
    const page = await open()
    const { tcb_info_issuer_chain: chain } = JSON.parse(new TextDecoder().decode(collateral))
    const root = `-----BEGIN CERTIFICATE-----${chain.split('-----BEGIN CERTIFICATE-----').at(-1)}`
    await drop(page, { 'quote.bin': quote, 'collateral.json': collateral, 'root.pem': root }, '2025-07-01T00:00')
    expect(await page.getAttribute('.sheet', 'data-verdict')).toBe('holds')
    expect(await page.textContent('.banner')).toContain('ROOTS THAT WERE DROPPED')
    expect(await page.textContent('.sheet h2')).toContain('if the roots')
  })

  test('a quote without its collateral cannot be judged, which is neither yes nor no', async () => {
    const page = await open()
    const quote = (await simulator).mintQuote({ reportData: new Uint8Array(64), imageH: new Uint8Array(32) })
    await drop(page, { 'quote.bin': quote })
    expect(await page.getAttribute('.sheet', 'data-verdict')).toBe('incomplete')
    await page.screenshot({ path: join(SCREENSHOTS, 'incomplete.png'), fullPage: true })
  })

  test('a file of receipts is judged one by one', async () => {
    const page = await open()
    const { text, rootPem } = await receiptsFile(folder)
    await drop(page, { 'receipts.jsonl': text, 'root.pem': rootPem })
    expect(await page.locator('.sheet.holds.development').count()).toBe(2)
    await page.screenshot({ path: join(SCREENSHOTS, 'receipts.png'), fullPage: true })
  })

  test('a file that is nothing gets one clear answer', async () => {
    const page = await open()
    await drop(page, { 'cat.jpg': Uint8Array.of(0xff, 0xd8, 0xff) })
    expect(await page.textContent('.problem')).toContain('cat.jpg is nothing that this page can judge')
  })

  test('what hostile evidence says is shown as text, and nothing it names is fetched', async () => {
    const page = await open()
    const hostile = '<img src=x onerror="document.title=1"><script>document.title=2</script>'
    const json = JSON.parse(new TextDecoder().decode(await enclaveEvidence(await simulator)))
    await drop(page, { [`${hostile}.json`]: JSON.stringify({ ...json, [hostile]: hostile, manifest: hostile }) })
    expect(await page.title()).toBe('DCML: is this to be believed?')
    expect(await page.locator('.sheet img, .problem img').count()).toBe(0)
  })

  test('the page can be used from the keyboard and read without colours', async () => {
    const page = await open()
    await page.keyboard.press('Tab')
    expect(await page.evaluate('document.activeElement.getAttribute("type")')).toBe('file')
    await drop(page, { 'evidence.json': await enclaveEvidence(await simulator) })
    const words = await page.locator('.checks tbody td:first-child').allTextContents()
    expect(new Set(words.map((word) => word.trim().replace(/^\S+\s+/, '')))).toEqual(
      new Set(['FAIL', 'pass', 'skipped']),
    )
  })
})
