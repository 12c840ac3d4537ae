// A real Chromium for tests. Its network stays on this machine: pages come from a server on loopback.
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { build } from 'esbuild'
import { type Browser, chromium } from 'playwright-core'
import { findChromium } from './find.ts'

const FLAGS = [
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

/** Path of the Chromium to test with; says once where there is none. */
export const CHROMIUM: string | undefined = findChromium()
if (CHROMIUM === undefined) console.warn('skipped: there is no Chromium here (set CHROMIUM to the path of one)')

/** Starts {@link CHROMIUM}; close it afterwards. Guard the test with `test.skipIf(CHROMIUM === undefined)`. */
export async function launchChromium(): Promise<Browser> {
  if (CHROMIUM === undefined) throw new Error('there is no Chromium here')
  const isRoot = process.getuid?.() === 0
  return chromium.launch({
    executablePath: CHROMIUM,
    headless: true,
    args: [...FLAGS, ...(isRoot ? ['--no-sandbox'] : [])],
  })
}

/** Bundles a module and what it imports, from source, into one script that Chromium runs as a module. */
export async function bundleForBrowser(entry: string): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [entry],
    bundle: true,
    write: false,
    format: 'esm',
    platform: 'browser',
    target: 'es2022',
    conditions: ['@dcml/source'],
    logLevel: 'silent',
  })
  return outputFiles[0]!.text
}

/** A site on loopback, which browsers count as a secure context: a page at `/` that runs `script`. */
export async function servePage(script: string): Promise<{ origin: string; close(): Promise<void> }> {
  const files: Record<string, [type: string, text: string]> = {
    '/': [
      'text/html; charset=utf-8',
      '<!doctype html><meta charset="utf-8"><script type="module" src="/page.js"></script>',
    ],
    '/page.js': ['text/javascript; charset=utf-8', script],
  }
  const server = createServer((request, response) => {
    const [type, text] = files[request.url ?? ''] ?? []
    if (type === undefined) response.writeHead(404).end()
    else response.writeHead(200, { 'content-type': type }).end(text)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      server.closeAllConnections()
      return closed
    },
  }
}
