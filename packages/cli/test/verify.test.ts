// `dcml verify` against look-alikes of services on loopback, over TLS, and against files.
import { createHash, generateKeyPairSync, sign } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createEnclave, selfSignedCertificate } from '@dcml/attestation/node'
import { type DcmlError, toHex, utf8 } from '@dcml/protocol'
import { createSimulator } from '@dcml/tee-simulator'
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { verifyCommand } from '../src/commands/verify.ts'
import { apiKeyFor } from '../src/verify/endpoints.ts'
import { dcml } from './dcml.ts'

let folder: string
const servers: Server[] = []
const simulator = await createSimulator()
const sha256 = (...parts: Uint8Array[]) => {
  const hash = createHash('sha256')
  for (const part of parts) hash.update(part)
  return Uint8Array.from(hash.digest())
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dcml-verify-'))
  await writeFile(join(folder, 'collateral.json'), JSON.stringify(simulator.collateral()))
})
afterAll(async () => {
  for (const server of servers) server.close()
  await rm(folder, { recursive: true, force: true })
})

afterEach(() => vi.unstubAllEnvs())

/** Runs the command in this process; what it throws is told as JSON, as `dcml` does. */
async function verify(target: string, ...flags: string[]) {
  const told = { stdout: '', json: {} as object }
  const output = {
    result(human: string, json: unknown) {
      told.stdout = flags.includes('--json') ? JSON.stringify(json) : human
      told.json = JSON.parse(JSON.stringify(json))
    },
    note() {},
    progress: () => ({ update() {}, stop() {} }),
  }
  const here = (argument: string) => (existsSync(join(folder, argument)) ? join(folder, argument) : argument)
  try {
    await verifyCommand(() => output).parseAsync([target, ...flags].map(here), { from: 'user' })
    return { ...told, code: Number(process.exitCode ?? 0) }
  } catch (error) {
    return { ...told, json: { error: (error as DcmlError).toJSON() }, code: 1 }
  } finally {
    process.exitCode = undefined
  }
}

const base = ['--development', '--collateral', 'collateral.json', '--offline', '--json']

/** A TLS key of its own, with SHA-256 of its SubjectPublicKeyInfo. */
function tlsIdentity() {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const cert = selfSignedCertificate(privateKey, publicKey, 'service', new Date())
  const key = privateKey.export({ type: 'pkcs8', format: 'pem' })
  return { tls: { key, cert }, tlsSpki: sha256(Uint8Array.from(publicKey.export({ type: 'spki', format: 'der' }))) }
}

/** A document of Tinfoil, version 3, without GPUs. */
function tinfoil(nonce: Uint8Array, tlsSpki: Uint8Array) {
  const hpke = new Uint8Array(32).fill(7)
  const reportData = Uint8Array.from([...sha256(tlsSpki, hpke, nonce), ...new Uint8Array(32)])
  const quote = simulator.mintQuote({ reportData, imageH: new Uint8Array(32) })
  return JSON.stringify({
    format: 'https://tinfoil.sh/predicate/attestation/v3',
    report_data: { tls_key_fp: toHex(tlsSpki), hpke_key: toHex(hpke), nonce: toHex(nonce) },
    cpu: { platform: 'tdx', report: Buffer.from(quote).toString('base64') },
  })
}

/** Serves an answer over TLS with a key of its own. */
async function serve(
  answer: (url: URL, tlsSpki: Uint8Array) => string | number,
): Promise<{ url: string; paths: string[] }> {
  const { tls, tlsSpki } = tlsIdentity()
  const paths: string[] = []
  const server = createServer(tls, (request, response) => {
    const url = new URL(request.url!, 'https://service')
    paths.push(url.pathname)
    const body = answer(url, tlsSpki)
    if (typeof body === 'number') response.writeHead(body).end()
    else response.end(body)
  })
  servers.push(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return { url: `https://127.0.0.1:${(server.address() as AddressInfo).port}`, paths }
}

const nonceOf = (url: URL) => Uint8Array.from(Buffer.from(url.searchParams.get('nonce') ?? '', 'hex'))

describe('a service', () => {
  test('that answers about this connection and this nonce holds: exit code 0', async () => {
    const { url } = await serve((asked, tlsSpki) => tinfoil(nonceOf(asked), tlsSpki))
    const { code, json } = await verify(url, ...base)
    expect(json).toMatchObject({ service: 'Tinfoil', verdict: 'holds', environment: 'development' })
    expect(code).toBe(0)
  })

  test('that repeats the evidence of another host, or an older answer, is refused: exit code 1', async () => {
    const thief = await serve((asked) => tinfoil(nonceOf(asked), new Uint8Array(32)))
    const old = await serve((_, tlsSpki) => tinfoil(new Uint8Array(32), tlsSpki))
    const failed = async (url: string) => {
      const { code, json } = await verify(url, ...base)
      const { checks } = json as unknown as { checks: { name: string; status: string }[] }
      return [code, ...checks.filter(({ status }) => status === 'fail').map(({ name }) => name)]
    }
    expect(await failed(thief.url)).toEqual([1, 'service_tls_key'])
    expect(await failed(old.url)).toEqual([1, 'service_nonce'])
  })

  test('that shows a bare quote of somebody else is refused: it names no host', async () => {
    const quote = toHex(simulator.mintQuote({ reportData: new Uint8Array(64), imageH: new Uint8Array(32) }))
    const { url } = await serve(() => quote)
    const { code, json } = await verify(url, ...base)
    expect([code, json]).toMatchObject([1, { service: 'Intel TDX quote', verdict: 'refused' }])
  })

  test('is asked with a nonce of our own, whatever the address brings', async () => {
    const { url } = await serve((asked, tlsSpki) => tinfoil(nonceOf(asked), tlsSpki))
    const target = `${url}/.well-known/tinfoil-attestation?nonce=${'ab'.repeat(32)}`
    expect((await verify(target, ...base)).code).toBe(0)
  })

  test('writes no line of its own into the report', async () => {
    const lies = 'x\n\nHOLDS: NEAR AI Cloud\u001b[2J\u202e'
    const { url } = await serve(() =>
      JSON.stringify({ intel_quote: '00', signing_address: '00'.repeat(20), model_name: lies, event_log: lies }),
    )
    const { stdout } = await verify(url, ...base.filter((flag) => flag !== '--json'))
    expect(stdout).toMatch(/^REFUSED: NEAR AI Cloud/m)
    expect(stdout).not.toMatch(/^HOLDS/m)
    expect(stdout.replaceAll('\n', '')).not.toMatch(/\p{C}/u)
  })

  test('is asked at each known place where the address names none', async () => {
    const { url, paths } = await serve(() => 404)
    const { code, json } = await verify(url, ...base)
    expect([code, json]).toMatchObject([1, { error: { code: 'service_refused' } }])
    expect(paths).toEqual(['/.well-known/tinfoil-attestation', '/v1/attestation/report'])
  })

  test('gets no API key over a connection whose certificate nobody vouches for', async () => {
    let seen = 0
    const { url } = await serve(() => ++seen)
    vi.stubEnv('DCML_API_KEY', 'secret@127.0.0.1')
    const { json } = await verify(`${url}/v1/attestation/report`, ...base)
    expect(json).toMatchObject({ error: { code: 'service_unreachable' } })
    expect(seen).toBe(0)
  })

  test('gets no API key that is meant for another', () => {
    const key = (host: string, given?: string) => apiKeyFor(new URL(`https://${host}/`), given)
    expect(key('cloud-api.near.ai', 'secret')).toBe('secret')
    expect(key('cloud-api.near.ai.evil.example', 'secret')).toBeUndefined()
    expect(key('gateway.example', 'se@cret@gateway.example')).toBe('se@cret')
    expect(key('cloud-api.near.ai', 'secret@gateway.example')).toBeUndefined()
    expect(key('cloud-api.near.ai')).toBeUndefined()
  })

  test('that answers something else, or nothing, is told so', async () => {
    const { url } = await serve(() => 'hello')
    expect((await verify(url, ...base)).json).toMatchObject({ error: { code: 'evidence_unknown' } })
    const gone = await verify('https://127.0.0.1:1', ...base)
    expect(gone.json).toMatchObject({ error: { code: 'service_unreachable' } })
  })
})

describe('a file', () => {
  test('without what it needs is incomplete: exit code 2, and nothing about the machine is green', async () => {
    await writeFile(
      join(folder, 'quote.bin'),
      simulator.mintQuote({ reportData: new Uint8Array(64), imageH: new Uint8Array(32) }),
    )
    const { code, json, stdout } = await verify('quote.bin', '--development', '--offline', '--json')
    expect(json).toMatchObject({ verdict: 'incomplete', needs: [{ kind: 'tdx-collateral', ca: 'platform' }] })
    expect(stdout).not.toMatch(/"quote_signature","status":"pass"/)
    expect(code).toBe(2)
  })

  test('is told in groups, with the verdict and what it does not prove', async () => {
    const { stdout, code } = await verify('quote.bin', ...base.filter((flag) => flag !== '--json'))
    expect(stdout).toMatch(/the machine\n[\s\S]*HOLDS: Intel TDX quote, DEVELOPMENT evidence: proves nothing/)
    expect(stdout).toMatch(/What this does not prove:\n {2}- What runs there/)
    expect(code).toBe(0)
  })

  test('judged at another time than now says so', async () => {
    const at = new Date(Date.now() + 60_000).toISOString()
    const flags = base.filter((flag) => flag !== '--json')
    expect((await verify('quote.bin', ...flags, '--now', at)).stdout).toContain(`HOLDS as of ${at}: Intel TDX quote`)
    expect((await verify('quote.bin', ...base, '--now', at)).json).toMatchObject({ verdict: 'holds', asOf: at })
  })

  test('is all that can be judged at another time', async () => {
    await writeFile(join(folder, 'receipts.jsonl'), '{"evidenceH":"')
    for (const target of ['receipts.jsonl', '127.0.0.1:1'])
      expect((await verify(target, '--now', '2026-01-01T00:00:00Z', '--json')).json).toMatchObject({
        error: { code: 'usage_invalid' },
      })
  })

  test('of a simulated TEE is refused where nobody said --development', async () => {
    const { code, json } = await verify('quote.bin', '--collateral', 'collateral.json', '--offline', '--json')
    expect([code, json]).toMatchObject([1, { verdict: 'refused' }])
  })

  test('of an enclave without GPUs holds, of the image that was asked for alone', async () => {
    const manifest = new TextEncoder().encode(
      JSON.stringify({ v: 1, name: 'x', image: `sha256:${'0'.repeat(64)}`, command: ['x'], env: {}, models: 'any' }),
    )
    const imageH = sha256(manifest)
    const keep = join(folder, 'evidence.json')
    const enclave = await createEnclave({ tee: simulator.createTee({ imageH }), manifest })
    await writeFile(
      keep,
      JSON.stringify(await enclave.quote({ purpose: 'session', nonce: new Uint8Array(32), tlsSpki: enclave.tlsSpki })),
    )
    const flags = ['--development', '--json']
    expect(await verify('evidence.json', ...flags)).toMatchObject({ code: 0, json: { verdict: 'holds' } })
    expect((await verify('evidence.json', ...flags, '--image-h', toHex(imageH))).code).toBe(0)
    const { code, json } = await verify('evidence.json', ...flags, '--image-h', 'ab'.repeat(32))
    expect([code, json]).toMatchObject([1, { verdict: 'refused' }])
    const wide = join(folder, 'wide.json')
    await writeFile(wide, JSON.stringify({ environment: 'development', imageH: 'any', images: 'any', binding: 'key' }))
    expect((await verify('evidence.json', ...flags, '--policy', wide)).code).toBe(0)
    // what is asked for beside a policy file is not forgotten
    for (const flag of ['--image-h', '--model-h'])
      expect((await verify('evidence.json', ...flags, '--policy', wide, flag, 'ab'.repeat(32))).code).toBe(1)
    const gpus = join(folder, 'gpus.json')
    await writeFile(gpus, JSON.stringify({ environment: 'development', imageH: 'any', images: 'any', gpu: {} }))
    expect((await verify('evidence.json', ...flags, '--policy', gpus)).code).toBe(1)
  })

  test('of a signature is compared with the one side of the exchange that was given', async () => {
    const { privateKey, publicKey } = generateKeyPairSync('ed25519')
    const key = Buffer.from(publicKey.export({ format: 'jwk' }).x!, 'base64url')
    const text = `${toHex(sha256(utf8('question')))}:${toHex(sha256(utf8('answer')))}`
    const signature = { text, signature: sign(null, utf8(text), privateKey).toString('hex') }
    await writeFile(join(folder, 'signed.json'), JSON.stringify({ ...signature, signing_address: key.toString('hex') }))
    await writeFile(join(folder, 'answer'), 'another answer')
    const { code, json } = await verify('signed.json', ...base, '--response', 'answer')
    expect([code, json]).toMatchObject([1, { verdict: 'refused' }])
  })

  test('that is no evidence, and one that is none that can be read, are told apart', async () => {
    await writeFile(join(folder, 'text'), 'hello')
    await writeFile(join(folder, 'near.json'), JSON.stringify({ intel_quote: 'zz', signing_address: '00' }))
    expect((await verify('text', ...base)).json).toMatchObject({
      error: { code: 'evidence_unknown' },
    })
    const { json } = await verify('near.json', ...base)
    expect(json).toMatchObject({ error: { code: 'service_evidence_malformed' } })
  })

  test('of receipts goes the way of `dcml receipt verify`', async () => {
    await writeFile(join(folder, 'receipts.jsonl'), '{"evidenceH":"00')
    const { json } = await verify('receipts.jsonl', '--development', '--image-h', '0'.repeat(64), '--json')
    expect(json).toMatchObject({ error: { code: 'receipt_torn' } })
  })
})

test('host:port of a DCML host is connected to, which takes a policy', async () => {
  const { json } = await verify('127.0.0.1:1', '--json')
  expect(json).toMatchObject({ error: { code: 'policy_missing' } })
  const flags = ['--development', '--image-h', '0'.repeat(64), '--json']
  expect((await verify('127.0.0.1:1', ...flags)).json).toMatchObject({
    error: { code: 'peer_unreachable' },
  })
})

test('what is neither file nor address is said to be neither', async () => {
  for (const target of ['no-such.json', 'http://service.example'])
    expect((await verify(target, '--json')).json).toMatchObject({ error: { code: 'target_unknown' } })
})

test('as a process it ends with the code of its verdict', async () => {
  const ended = await dcml(folder, ['verify', 'quote.bin', '--development', '--offline', '--json'])
  expect([ended.code, ended.json]).toMatchObject([2, { verdict: 'incomplete' }])
})
