// A runtime in a simulated TEE with a scripted engine, and an attested client of it.
import { clientDefault, imageH, keyRelease } from '@dcml/attestation'
import { attestedConnector, type ConnectorOptions } from '@dcml/attestation/node'
import { encodeKeyGrant, NO_CHAIN, toBase64url, toHex, utf8 } from '@dcml/protocol'
import { createSimulator, type Simulator } from '@dcml/tee-simulator'
import pino from 'pino'
import { Agent, fetch as undiciFetch } from 'undici'
import { vi } from 'vitest'
import { type Runtime, type RuntimeOptions, startRuntime } from '../src/index.ts'
import type { SealedModel } from '../src/model/source.ts'
import { type Script, scriptedLoader } from '../src/testing.ts'

export const simulator: Simulator = await createSimulator()
export const MODEL_H = new Uint8Array(32).fill(0xab)
export const SK = new Uint8Array(32).fill(0x5c)

export const manifestOf = (fields: object = {}): Uint8Array =>
  utf8(
    JSON.stringify({
      v: 1,
      name: 'test',
      image: `sha256:${'0'.repeat(64)}`,
      command: ['dcml'],
      env: {},
      models: 'any',
      ...fields,
    }),
  )

/** A sealed model that opens with one key and holds no bytes. */
export const sealedWith = (sk: Uint8Array, overrides: Partial<SealedModel> = {}): SealedModel => ({
  modelH: MODEL_H,
  name: 'tale',
  size: 8,
  unlocks: async (key) => Buffer.from(key).equals(sk),
  open: async () => ({ files: [], close: async () => {} }),
  ...overrides,
})

export const grantOf = (sk: Uint8Array, modelH: Uint8Array = MODEL_H): string =>
  toBase64url(encodeKeyGrant(NO_CHAIN, modelH, { sk, keyEpoch: 0, ownerContract: '', provenance: null }))

/** Answers `one two three …`, as many words as the prompt's last number says, five otherwise. */
export const counting: Script = (prompt) => {
  const words = Number(/(\d+)\D*$/.exec(prompt)?.[1] ?? 5)
  return { tokens: Array.from({ length: words }, (_, i) => `${i === 0 ? '' : ' '}w${i}`) }
}

export interface Booted extends Runtime, AsyncDisposable {
  readonly url: string
  readonly adminUrl: string
  /** Everything that was logged, as text. */
  log(): string
}

type BootOptions = Partial<RuntimeOptions> & {
  script?: Script
  /** Reads real containers, as the runtime does by itself. */
  containers?: boolean
}

export async function boot(options: BootOptions = {}): Promise<Booted> {
  const { script = counting, containers = false, ...rest } = options
  const manifest = rest.manifest ?? manifestOf()
  const lines: string[] = []
  const runtime = await startRuntime({
    tee: simulator.createTee({ imageH: imageH(manifest) }),
    manifest,
    loader: scriptedLoader(script),
    ...(!containers && { source: async () => sealedWith(SK) }),
    listen: { host: '127.0.0.1', port: 0 },
    admin: { host: '127.0.0.1', port: 0 },
    environment: 'development',
    peers: {
      policy: keyRelease({ environment: 'development', imageH: [], images: [simulator.image] }),
      roots: [simulator.rootDer],
    },
    logger: pino({ level: 'trace' }, { write: (line: string) => void lines.push(line) }),
    ...rest,
  })
  return {
    ...runtime,
    url: `https://127.0.0.1:${runtime.address.port}`,
    adminUrl: `http://127.0.0.1:${runtime.adminAddress.port}`,
    log: () => lines.join(''),
    [Symbol.asyncDispose]: () => runtime.close(),
  }
}

/** A `fetch` that talks to verified enclaves of this image only. */
export function attestedFetch(
  runtime: Pick<Runtime, 'imageH'>,
  options: Partial<ConnectorOptions> = {},
): typeof globalThis.fetch & { close(): Promise<void> } {
  const connect = attestedConnector({
    policy: clientDefault({
      environment: 'development',
      imageH: [toHex(runtime.imageH)],
      images: [simulator.image],
    }),
    roots: [simulator.rootDer],
    ...options,
  })
  const dispatcher = new Agent({ connect: connect as never })
  const verified = (input: unknown, init: object = {}) => undiciFetch(input as never, { ...init, dispatcher } as never)
  return Object.assign(verified as unknown as typeof globalThis.fetch, { close: () => dispatcher.destroy() })
}

/** A runtime whose model answers, and a fetch for it. */
export async function serving(options: BootOptions = {}) {
  const runtime = await boot({ model: 'any', ...options })
  const fetch = attestedFetch(runtime)
  const post = (path: string, body: unknown, init: RequestInit = {}): Promise<Response> =>
    fetch(`${runtime.url}${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: typeof body === 'string' ? body : JSON.stringify(body),
      ...init,
    })
  const seeded = await post('/dcml/v1/set-sk', { grant: grantOf(SK) })
  if (seeded.status !== 200) throw new Error(await seeded.text())
  while (runtime.state().phase === 'loading') await new Promise((resolve) => setImmediate(resolve))
  return {
    runtime,
    fetch,
    post,
    async [Symbol.asyncDispose]() {
      await fetch.close()
      await runtime.close()
    },
  }
}

/** `load_model` as the host calls it. */
export const loadModel = (runtime: Booted, path = 'x'): Promise<Response> =>
  fetch(`${runtime.adminUrl}/dcml/v1/load-model`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ path }),
  })

/** Waits until an assertion holds, however busy the machine is. */
export const eventually = (assertion: () => unknown): Promise<unknown> =>
  vi.waitFor(assertion, { timeout: 30_000, interval: 5 })
