// Verification in Node and in Chromium, beside @phala/dcap-qvl in the same run; what a connection costs; what the
// verifier weighs in a page.
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { development, parsePolicy, type TdxEvidence } from '@dcml/attestation'
import { createSimulator, type Simulator } from '@dcml/tee-simulator'
import { build } from 'esbuild'
import { bundleForBrowser, CHROMIUM, launchChromium, servePage } from '../test/browser/chromium.ts'
import { findVector } from '../test/vectors.ts'
import { type Case, cases, type Material } from './attestation-cases.ts'
import { connections } from './attestation-connect.ts'
import { interleave, median, percentile } from './statistics.ts'

export const title = 'Attestation: verification, connections, size'

type Row = Record<string, string | number>

export async function run({ quick }: { quick: boolean }): Promise<{ rows: Row[]; notes: string[] }> {
  const rounds = quick ? 40 : 300
  const simulator = await createSimulator()
  const material = await collect(simulator)
  return {
    rows: [
      ...(await inNode(cases(material), rounds)),
      ...(await inChromium(material, Math.ceil(rounds / 4))),
      ...(await connections(simulator, quick ? 20 : 150)).map(({ what, ms }) =>
        row(what, 'Node', 'connectAttested', ms),
      ),
      ...(await sizes()),
    ],
    notes: CHROMIUM === undefined ? ['There is no Chromium here: its rows are missing.'] : [],
  }
}

const row = (what: string, where: string, by: string, ms: readonly number[]): Row => ({
  what,
  where,
  by,
  'median ms': median(ms).toFixed(2),
  'p99 ms': percentile(ms, 0.99).toFixed(2),
})

async function inNode(all: readonly Case[], rounds: number): Promise<Row[]> {
  const timed = Object.fromEntries(
    all.map(({ prepare, run }, index) => [
      `${index}`,
      async () => {
        await prepare?.()
        const start = performance.now()
        if (!(await run())) throw new Error(`${all[index]!.what} was not accepted`)
        return performance.now() - start
      },
    ]),
  )
  await interleave(10, timed)
  const times = await interleave(rounds, timed)
  return all.map(({ what, verifier }, index) => row(what, 'Node', verifier, times[`${index}`]!))
}

async function inChromium(material: Material, rounds: number): Promise<Row[]> {
  if (CHROMIUM === undefined) return []
  const site = await servePage(await bundleForBrowser(join(import.meta.dirname, 'attestation-page.ts')))
  const browser = await launchChromium()
  try {
    const page = await browser.newPage()
    await page.goto(site.origin)
    await page.waitForFunction('globalThis.measure !== undefined')
    const measured = (await page.evaluate(`measure(${JSON.stringify(pack(material))}, ${rounds})`)) as {
      what: string
      verifier: string
      ms: number[]
    }[]
    return measured.map(({ what, verifier, ms }) => row(what, 'Chromium', verifier, ms))
  } finally {
    await browser.close()
    await site.close()
  }
}

/** JSON in which bytes and dates keep their type; `revive` of attestation-page.ts reads it. */
const pack = (material: Material): string =>
  JSON.stringify(material, function (key: string, value: unknown) {
    const original = (this as Record<string, unknown>)[key]
    if (original instanceof Uint8Array) return { $bytes: [...original] }
    return original instanceof Date ? { $date: original.getTime() } : value
  })

async function collect(simulator: Simulator): Promise<Material> {
  const now = simulator.now()
  const imageH = new Uint8Array(32)
  const [nonce, otherNonce] = [new Uint8Array(32).fill(7), new Uint8Array(32).fill(8)]
  const tee = simulator.createTee({ imageH, gpus: 1 })
  const quote = (fill: number) => tee.quote(new Uint8Array(64).fill(fill))
  const snp = simulator.createTee({ imageH, tee: 'snp' })
  const snpReport = (fill: number) => snp.quote(new Uint8Array(64).fill(fill))
  const tdx = genuineTdx()
  const genoa = genuineSnp()
  const gpus = tee.gpu!
  return {
    tdx: [
      {
        name: 'minted',
        evidence: await quote(0),
        other: await quote(1),
        root: simulator.rootDer,
        environment: 'development',
        now,
      },
      ...(tdx ? [tdx] : []),
    ],
    snp: [
      {
        name: 'minted, Milan',
        evidence: await snpReport(0),
        other: await snpReport(1),
        roots: simulator.roots,
        now,
        policy: development(),
      },
      ...(genoa ? [genoa] : []),
    ],
    gpu: {
      devices: await gpus.evidence(nonce),
      nonce,
      others: await gpus.evidence(otherNonce),
      otherNonce,
      roots: simulator.roots,
      now,
      policy: parsePolicy({ environment: 'development', gpu: {} }),
    },
  }
}

function genuineSnp(): Material['snp'][number] | undefined {
  const [report, vek, ask, ark] = [
    'genoa-v5/report.bin',
    'genoa-v5/vcek.der',
    'roots/genoa-ask.der',
    'roots/genoa-ark.der',
  ].map((name) => findVector(`attestation/snp/${name}` as Parameters<typeof findVector>[0]))
  if (!report || !vek || !ask || !ark) return undefined
  const minTcb = { Genoa: { bootloader: 0, tee: 0, snp: 0, microcode: 0 } }
  return {
    name: 'genuine, Genoa',
    evidence: { tee: 'snp', report, vek, ask, ark },
    now: new Date('2026-06-01T00:00:00Z'),
    policy: parsePolicy({
      tee: ['snp'],
      imageH: 'any',
      images: 'any',
      snp: { crl: false, minTcb, debug: true, migrate: true },
      binding: 'key',
    }),
  }
}

function genuineTdx(): Material['tdx'][number] | undefined {
  const quote = findVector('attestation/tdx/v4-uptodate-2025-06/quote.bin')
  const json = findVector('attestation/tdx/v4-uptodate-2025-06/collateral.json')
  if (quote === undefined || json === undefined) return undefined
  const collateral = JSON.parse(new TextDecoder().decode(json)) as TdxEvidence['collateral']
  const [root] = [collateral.tcb_info_issuer_chain.split('-----END CERTIFICATE-----\n')[1]!]
  return {
    name: 'genuine, June 2025',
    evidence: { tee: 'tdx', quote, collateral },
    // Intel's own root, as the quote brings it: dcap-qvl wants it told
    root: Uint8Array.from(Buffer.from(root.replace(/-----.*-----|\s/g, ''), 'base64')),
    environment: 'production',
    now: new Date('2025-07-01T00:00:00Z'),
  }
}

/** What a page loads before it can verify, minified and compressed. */
async function sizes(): Promise<Row[]> {
  const sources = {
    'verifyTdxQuote alone': "export { verifyTdxQuote } from '@dcml/attestation'",
    'verifyEvidence, all TEEs and GPUs': "export { verifyEvidence } from '@dcml/attestation'",
    '@phala/dcap-qvl 0.3.9, verify': "export { verify } from '@phala/dcap-qvl'",
  }
  const rows: Row[] = []
  for (const [what, contents] of Object.entries(sources)) {
    const { outputFiles } = await build({
      stdin: { contents, resolveDir: import.meta.dirname },
      bundle: true,
      splitting: true,
      write: false,
      minify: true,
      format: 'esm',
      platform: 'browser',
      target: 'es2022',
      outdir: 'out',
      conditions: ['@dcml/source'],
      logLevel: 'error',
    })
    const entry = outputFiles.find(({ path }) => path.endsWith('stdin.js'))!
    const later = outputFiles.filter((file) => file !== entry && !isStatic(file.path, entry.text))
    const first = outputFiles.filter((file) => !later.includes(file))
    const kb = (files: typeof outputFiles): string =>
      (files.reduce((sum, { contents: bytes }) => sum + gzipSync(bytes).length, 0) / 1000).toFixed(1)
    rows.push({ what, where: 'bundle', 'KB gzip': kb(first), 'later, on demand': kb(later) })
  }
  return rows
}

/** Whether the entry imports this chunk at once. */
const isStatic = (path: string, entry: string): boolean =>
  new RegExp(`(from|import)\\s*"\\./${path.split('/').at(-1)!.replaceAll('.', '\\.')}"`).test(entry)
