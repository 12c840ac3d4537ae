import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TLSSocket } from 'node:tls'
import { evidenceToJson, imageH, parseAttestRequest, parseEvidence } from '@dcml/attestation'
import { createEnclave } from '@dcml/attestation/node'
import { attacks, createSimulator, type QuoteRequest } from '@dcml/tee-simulator'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { manifest } from '../../attestation/test/world.ts'
import { dcml } from './dcml.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dcml-tcb-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

const simulator = await createSimulator()
const outdated = { teeTcbSvn: Uint8Array.of(5, 1, 3, ...new Uint8Array(13)) }
const short = [{ name: 'tdx_module', have: 5, needed: 6, remedy: { kind: 'tdx-module' } }]

/** Writes a quote and its collateral, and names them as flags. */
async function quoted(name: string, fields: Partial<QuoteRequest> = {}, change = (text: string) => text) {
  const quote = simulator.mintQuote({ imageH: imageH(manifest()), reportData: new Uint8Array(64), ...fields })
  await writeFile(join(folder, `${name}.bin`), quote)
  await writeFile(join(folder, `${name}.json`), change(JSON.stringify(simulator.collateral())))
  return ['--quote', `${name}.bin`, '--collateral', `${name}.json`]
}
const status = (...args: string[]) => dcml(folder, ['tcb-status', ...args, '--json'])

test('a good platform exits 0', async () => {
  expect(await status(...(await quoted('good')), '--development')).toMatchObject({
    code: 0,
    json: {
      ok: true,
      verified: true,
      platform: { fmspc: 'dec0de000000', ppid: expect.stringMatching(/^[0-9a-f]{32}$/) },
      status: 'UpToDate',
      short: [],
    },
  })
})

test('an outdated one exits 1, and says what is short and what to do', async () => {
  const flags = [...(await quoted('outdated', outdated)), '--development']
  expect(await status(...flags)).toMatchObject({
    code: 1,
    json: { ok: false, verified: true, status: 'OutOfDate', short },
  })
  const { code, stdout } = await dcml(folder, ['tcb-status', ...flags])
  expect(code).toBe(1)
  expect(stdout).toMatch(/has +5\nneeds +6\n/)
  expect(stdout).toContain('Update the TDX module')
  expect(stdout).not.toContain('NOT VERIFIED')
})

describe('what is not signed by whom it should be is explained, and said not to be verified', () => {
  test.each(['tcb_info_evaluation', 'qe_identity_evaluation'])('statements from before: %s', async (check) => {
    // a host may give out old ones, by which it is still up to date
    const { quote, collateral } = attacks.find(({ targets }) => targets === check)!.mint(simulator)
    await writeFile(join(folder, 'old.bin'), quote)
    await writeFile(join(folder, 'old.json'), JSON.stringify(collateral))
    const { code, json } = await status('--quote', 'old.bin', '--collateral', 'old.json', '--development')
    expect(code).toBe(1)
    expect(json).toMatchObject({ ok: false, status: 'UpToDate', unverified: [expect.stringContaining(check)] })
  })

  test('another root', async () => {
    const { code, json } = await status(...(await quoted('stranger')))
    expect(code).toBe(1)
    expect(json).toMatchObject({ ok: false, verified: false, status: 'UpToDate' })
    expect(json!.unverified).toEqual([expect.stringContaining('root_pinned')])
  })

  test('a level rewritten', async () => {
    const forged = await quoted('forged', outdated, (text) => text.replace('isvsvn\\":6', 'isvsvn\\":5'))
    const { code, json } = await status(...forged, '--development')
    expect(code).toBe(1)
    expect(json).toMatchObject({ ok: false, verified: false, status: 'UpToDate' })
    expect(json!.unverified).toEqual([expect.stringContaining('tcb_info_signature')])
  })

  test('another day', async () => {
    const { code, json } = await status(...(await quoted('old')), '--development', '--now', '2031-01-01T00:00:00Z')
    expect(code).toBe(1)
    expect(json).toMatchObject({ verified: false, tcbInfo: { old: true, untimely: true } })
  })
})

test('a host is asked, and one that every policy refuses answers too; what it said is judged from a file as well', async () => {
  const hash = imageH(manifest())
  const enclave = await createEnclave({ tee: simulator.createTee({ imageH: hash, ...outdated }), manifest: manifest() })
  let evidence: unknown
  const server = createServer(enclave.tls, async (request, response) => {
    const wanted = parseAttestRequest(new URL(request.url!, 'https://host').searchParams)
    const answer = await enclave.attest(request.socket as TLSSocket, wanted)
    evidence = answer.evidence
    response.end(JSON.stringify(answer))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void server.close())
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`
  expect(await status(host, '--development')).toMatchObject({
    code: 1,
    json: { verified: true, status: 'OutOfDate', short },
  })

  await writeFile(join(folder, 'evidence.json'), JSON.stringify(evidenceToJson(parseEvidence(evidence))))
  expect(await status('evidence.json', '--development')).toMatchObject({
    code: 1,
    json: { status: 'OutOfDate', short },
  })
})

test('what is not there is told by its code, and a wrong command line as one', async () => {
  const flags = await quoted('flags')
  expect(await status('127.0.0.1:9', '--development')).toMatchObject({ json: { error: { code: 'peer_unreachable' } } })
  expect(await status(...flags, '--now', 'noon')).toMatchObject({ json: { error: { code: 'time_invalid' } } })
  expect(await status('--quote', 'flags.json', '--collateral', 'flags.json')).toMatchObject({
    json: { error: { code: 'tcb_unreadable' } },
  })
  for (const wrong of [flags.slice(0, 2), ['host:1', ...flags]])
    expect(await status(...wrong)).toMatchObject({ code: 2, json: { error: { code: 'usage_invalid' } } })
})
