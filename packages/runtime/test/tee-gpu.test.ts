// NVIDIA GPUs through the driver's tool, against recorded forms of its answers, of the RIM service and of the OCSP responder.
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { development, type GpuEvidence, imageH as imageHashOf, verifyEvidence } from '@dcml/attestation'
import { createEnclave } from '@dcml/attestation/node'
import { fromHex, toHex } from '@dcml/protocol'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { findVector } from '../../../test/vectors.ts'
import { nvidiaGpus, ocspResponder, type RunTool, rimFolder, rimService, rimSource } from '../src/index.ts'
import { ocspStatement } from '../src/tee/collateral/window.ts'
import { rimIds } from '../src/tee/nvidia/rim-id.ts'
import { manifestOf, simulator } from './harness.ts'

const imageH = new Uint8Array(32).fill(3)
const nonce = Uint8Array.from({ length: 32 }, (_, i) => i * 5)
const machine = simulator.createTee({ imageH, gpus: 2, switches: 1 }).gpu!
const evidence: readonly GpuEvidence[] = await machine.evidence(nonce)
const base64 = (data: Uint8Array | string): string => Buffer.from(data).toString('base64')

const lines: object[] = []
const log = { warn: (fields: object) => void lines.push(fields) }

/** `nvattest collect-evidence --format json`, as it writes about these devices. */
const recorded = (devices: readonly GpuEvidence[], said: Uint8Array = nonce): string =>
  JSON.stringify(
    {
      result_code: 0,
      result_message: 'Ok',
      evidences: devices.map(({ report, certificates }) => ({
        arch: 'HOPPER',
        nonce: toHex(said),
        evidence: base64(report),
        certificate: base64(certificates),
      })),
    },
    null,
    4,
  )
const ofKind = (kind: GpuEvidence['kind']): GpuEvidence[] => evidence.filter((device) => device.kind === kind)
const asked: (readonly string[])[] = []
const tool: RunTool = async (_file, args) => {
  asked.push(args)
  return recorded(ofKind(args.includes('nvswitch') ? 'switch' : 'gpu'))
}
const says = (output: string): RunTool => (async () => output) as RunTool

const rimTexts = new Map(evidence.flatMap((device) => rimIds(device).map((id, i) => [id, device.rims[i]!])))
const rims = rimSource('simulator', async (id) => rimTexts.get(id)!)

/** NVIDIA's services, as they answer for the simulated machine. */
const nvidia = (async (input: unknown, init?: RequestInit) => {
  const url = new URL(String(input))
  if (url.host.startsWith('rim.')) {
    const id = url.pathname.replace('/v1/rim/', '')
    const xml = rimTexts.get(id)
    return xml === undefined
      ? new Response('', { status: 404 })
      : Response.json({ id, rim: base64(xml), request_id: 'r', rim_format: 'TCG' })
  }
  const request = Buffer.from(init?.body as Uint8Array).toString('hex')
  const answers = evidence.flatMap(({ revocations }) => revocations)
  const found = answers.find((answer) => request.includes(Buffer.from(ocspStatement(answer).serial).toString('hex')))
  // 6: unauthorized
  return new Response(Uint8Array.from(found ?? [0x30, 0x03, 0x0a, 0x01, 0x06]))
}) as typeof globalThis.fetch

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dcml-gpu-'))
})
afterAll(() => rm(folder, { recursive: true }))

const hex = (list: readonly Uint8Array[]): string[] => list.map(toHex).toSorted()

describe('nvidiaGpus', () => {
  test('GPUs and switches come out as NVIDIA’s tool and services gave them, ready to be verified', async () => {
    asked.length = 0
    const options = { rims: rimService({ fetch: nvidia }), revocations: ocspResponder({ fetch: nvidia }), log }
    const devices = await nvidiaGpus({ ...options, switches: true, run: tool }).evidence(nonce)
    expect(devices.map(({ kind }) => kind)).toEqual(['gpu', 'gpu', 'switch'])
    for (const [i, device] of devices.entries()) {
      const { revocations, ...same } = evidence[i]!
      expect(device).toMatchObject(same)
      expect(hex(device.revocations)).toEqual(hex(revocations))
    }
    expect(asked.map((args) => args.join(' '))).toEqual(
      ['gpu', 'nvswitch'].map(
        (kind) => `collect-evidence --device ${kind} --nonce ${toHex(nonce)} --format json --log-level off`,
      ),
    )
  })

  test('a machine without switches of its own is not asked for any', async () => {
    asked.length = 0
    const devices = await nvidiaGpus({ rims, log, run: tool }).evidence(nonce)
    expect(devices.map(({ kind, revocations }) => [kind, revocations.length])).toEqual([
      ['gpu', 0],
      ['gpu', 0],
    ])
    expect(asked).toHaveLength(1)
  })

  test('a nonce that was not signed is noticed, wherever it shows', async () => {
    const other = new Uint8Array(32).fill(9)
    for (const output of [recorded(ofKind('gpu'), other), recorded(await machine.evidence(other))])
      await expect(nvidiaGpus({ rims, log, run: says(output) }).evidence(nonce)).rejects.toMatchObject({
        code: 'gpu_answer_malformed',
        message: expect.stringContaining('another nonce'),
      })
    await expect(nvidiaGpus({ rims, log, run: tool }).evidence(other.subarray(1))).rejects.toMatchObject({
      code: 'gpu_nonce',
    })
  })

  const [gpu] = ofKind('gpu')
  const item = {
    arch: 'HOPPER',
    nonce: toHex(nonce),
    evidence: base64(gpu!.report),
    certificate: base64(gpu!.certificates),
  }
  for (const [what, output, code] of [
    ['no JSON', 'NVML: driver not loaded', 'gpu_answer_malformed'],
    ['nothing', '', 'gpu_answer_malformed'],
    ['another shape', '{"evidences":[]}', 'gpu_answer_malformed'],
    [
      'the tool’s own failure',
      '{"result_code":5,"result_message":"NVML init failed","evidences":null}',
      'gpu_unavailable',
    ],
    ['no device', '{"result_code":0,"evidences":[]}', 'gpu_unavailable'],
    ['a report that is no base64', { ...item, evidence: '!' }, 'gpu_answer_malformed'],
    [
      'a report that is none',
      { ...item, evidence: base64(Buffer.concat([gpu!.report.subarray(0, 60)])) },
      'gpu_answer_malformed',
    ],
    ['no certificates', { ...item, certificate: base64('none') }, 'gpu_answer_malformed'],
    ['more devices than a machine has', Array.from({ length: 17 }, () => item), 'gpu_answer_malformed'],
  ] as const) {
    test(`an answer with ${what} is refused`, async () => {
      const text = typeof output === 'string' ? output : JSON.stringify({ result_code: 0, evidences: [output].flat() })
      await expect(nvidiaGpus({ rims, log, run: says(text) }).evidence(nonce)).rejects.toMatchObject({ code })
    })
  }

  test('certificates in another spelling of PEM arrive in the strict one', async () => {
    const spelled = { ...gpu!, certificates: gpu!.certificates.replaceAll('\n', '\r\n').concat('\r\n\r\n') }
    const [device] = await nvidiaGpus({ rims, log, run: says(recorded([spelled])) }).evidence(nonce)
    expect(device!.certificates).toBe(gpu!.certificates)
  })

  test('without its RIM a device is unavailable; without a revocation statement it goes, and that is logged', async () => {
    const none = rimSource('none', async () => '<html>not found</html>')
    await expect(nvidiaGpus({ rims: none, log, run: tool }).evidence(nonce)).rejects.toMatchObject({
      code: 'tee_collateral_unavailable',
    })
    lines.length = 0
    const down = ocspResponder({ fetch: async () => new Response('', { status: 503 }) })
    const [device] = await nvidiaGpus({ rims, revocations: down, log, run: tool }).evidence(nonce)
    expect(device!.revocations).toEqual([])
    expect(lines[0]).toMatchObject({ error: { code: 'tee_collateral_unavailable' } })
  })

  test('an answer about another certificate, and one that has expired, are not stapled', async () => {
    const answer = evidence[0]!.revocations[0]!
    const stubborn = ocspResponder({ fetch: async () => new Response(Uint8Array.from(answer)) })
    const options = { rims, log, run: says(recorded([gpu!])) }
    const [device] = await nvidiaGpus({ ...options, revocations: stubborn }).evidence(nonce)
    expect(hex(device!.revocations)).toEqual([toHex(answer)])
    const ended = ocspStatement(answer).until + 1
    const late = nvidiaGpus({ ...options, revocations: ocspResponder({ fetch: nvidia }), clock: () => ended })
    expect((await late.evidence(nonce))[0]!.revocations).toEqual([])
  })
})

test('evidence of a TEE with such GPUs verifies, GPUs and CPU naming each other', async () => {
  const manifest = manifestOf()
  const fresh: RunTool = async (_file, args) => {
    const said = fromHex(args[args.indexOf('--nonce') + 1]!)
    const kind = args.includes('nvswitch') ? 'switch' : 'gpu'
    const devices = await machine.evidence(said)
    return recorded(
      devices.filter((device) => device.kind === kind),
      said,
    )
  }
  const revocations = ocspResponder({ fetch: nvidia })
  const cpu = simulator.createTee({ imageH: imageHashOf(manifest) })
  const tee = { name: 'test', environment: cpu.environment, quote: cpu.quote } as const
  const enclave = await createEnclave({
    tee: { ...tee, gpu: nvidiaGpus({ rims, revocations, switches: true, log, run: fresh }) },
    manifest,
  })
  const subject = { purpose: 'session', nonce, tlsSpki: enclave.tlsSpki } as const
  const { ok, checks } = await verifyEvidence({
    evidence: await enclave.quote(subject),
    policy: development({ imageH: [toHex(enclave.imageH)], binding: 'key', gpu: { count: 2 } }),
    roots: [simulator.rootPem],
    now: new Date(),
    expect: subject,
  })
  expect(checks.filter(({ status }) => status === 'fail')).toEqual([])
  expect(ok).toBe(true)
  expect(checks.find(({ name }) => name === 'gpu_revocation_current')).toMatchObject({ status: 'pass' })
})

describe('the tool', () => {
  /** A program in place of nvattest. */
  async function program(name: string, script: string): Promise<string> {
    const file = join(folder, name)
    await writeFile(file, `#!/bin/sh\n${script}\n`)
    await chmod(file, 0o700)
    return file
  }

  test('is run without a shell, hears nothing of our environment, and may fail with an answer', async () => {
    process.env.DCML_TEST_SECRET = 'secret'
    const output = join(folder, 'answer.json')
    await writeFile(output, recorded(ofKind('gpu')))
    const good = await program('good', `test -z "$DCML_TEST_SECRET" || exit 1\ncat '${output}'`)
    const devices = await nvidiaGpus({ rims, log, tool: good }).evidence(nonce)
    delete process.env.DCML_TEST_SECRET
    expect(devices).toHaveLength(2)
    const bad = await program('bad', `echo '{"result_code":7,"result_message":"no","evidences":null}'; exit 7`)
    await expect(nvidiaGpus({ rims, log, tool: bad }).evidence(nonce)).rejects.toMatchObject({
      code: 'gpu_unavailable',
      message: expect.stringContaining('7: no'),
    })
  })

  test('that is absent, floods us or is given up has no answer', async () => {
    const flood = await program('flood', 'exec yes')
    for (const file of [join(folder, 'absent'), flood])
      await expect(nvidiaGpus({ rims, log, tool: file }).evidence(nonce)).rejects.toMatchObject({
        code: 'gpu_unavailable',
      })
    const slow = await program('slow', 'exec sleep 60')
    const reason = new Error('enough')
    const signal = AbortSignal.any([AbortSignal.abort(reason)])
    await expect(nvidiaGpus({ rims, log, tool: slow }).evidence(nonce, { signal })).rejects.toBe(reason)
  })
})

describe('RIMs', () => {
  const [id, xml] = [...rimTexts][0]!

  test('come from a folder by their id, and from the service with its key', async () => {
    const own = join(folder, 'rims')
    await mkdir(own)
    await writeFile(join(own, `${id}.swidtag`), xml)
    expect(await rimFolder(own).ask(id)).toBe(xml)
    await expect(rimFolder(own).ask('NV_GPU_DRIVER_GH100_1.2.3')).rejects.toMatchObject({
      code: 'tee_collateral_unavailable',
    })
    let authorization: string | null = null
    const fetch = (async (input: unknown, init?: RequestInit) => {
      authorization = new Headers(init?.headers).get('authorization')
      return nvidia(String(input), init)
    }) as typeof globalThis.fetch
    expect(await rimService({ fetch, serviceKey: 'k' }).ask(id)).toBe(xml)
    expect(authorization).toBe('Bearer k')
  })

  test('an id that is no id becomes no path', async () => {
    for (const wrong of ['../secret', 'NV_x/../../y', '', 'NV_'.padEnd(200, 'x')])
      for (const source of [rimFolder(folder), rimService({ fetch: nvidia })])
        await expect(source.ask(wrong)).rejects.toMatchObject({ code: 'tee_collateral_unavailable' })
  })

  test('an answer of another id, of another digest, or too long, is none', async () => {
    const answers = [
      Response.json({ id: 'NV_OTHER', rim: base64(xml) }),
      Response.json({ id, rim: base64(xml), sha256: '00'.repeat(32) }),
      new Response('x'.repeat(5 * 1024 * 1024)),
      new Response('no json'),
    ]
    for (const answer of answers)
      await expect(rimService({ fetch: async () => answer }).ask(id)).rejects.toMatchObject({
        code: 'tee_collateral_unavailable',
      })
  })

  test('two texts of one id are a disagreement', () => {
    expect(() => rims.kind.newer(xml, xml.replace('Measurement_1', 'Measurement_x'))).toThrow(
      expect.objectContaining({ code: 'tee_collateral_disagrees', details: { member: 'rim' } }),
    )
  })
})

test('a real GPU of the Hopper family is asked for by its real names', (context) => {
  const json = findVector('attestation/gpu/hopper-590.12/evidence.json')
  if (json === undefined) return context.skip()
  const [device] = [JSON.parse(new TextDecoder().decode(json))].flat() as { evidence: string; certificate: string }[]
  const [report, certificates] = [device!.evidence, device!.certificate].map((text) => Buffer.from(text, 'base64'))
  expect(
    rimIds({ kind: 'gpu', report: Uint8Array.from(report!), certificates: certificates!.toString('latin1') }),
  ).toEqual(['NV_GPU_DRIVER_GH100_590.12', 'NV_GPU_VBIOS_G520_0200_885_9600A50001'])
})
