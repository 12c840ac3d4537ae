import { randomBytes } from 'node:crypto'
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createSimulator } from '@dcml/tee-simulator'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { findVector } from '../../../test/vectors.ts'
import { dcml } from './dcml.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dcml-cli-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

test('a wrong command line exits 2, a failure 1, help and version 0', async () => {
  expect((await dcml(folder, ['nonsense'])).code).toBe(2)
  expect((await dcml(folder, ['model', 'hash'])).code).toBe(2)
  expect((await dcml(folder, ['attest', 'verify', '--quote', 'x'])).code).toBe(2)
  expect((await dcml(folder, ['model', 'seed', 'h:1', '--key', 'k', '--model-h', 'short'])).code).toBe(2)
  expect((await dcml(folder, ['model', 'hash', 'absent'])).code).toBe(1)
  expect((await dcml(folder, ['--help'])).code).toBe(0)
  const { stdout } = await dcml(folder, ['--version'])
  expect(stdout.trim()).toBe(
    JSON.parse(await readFile(join(import.meta.dirname, '..', 'package.json'), 'utf8')).version,
  )
})

test('an error is one line of what and one of what to do, or the same as JSON', async () => {
  const human = await dcml(folder, ['model', 'hash', 'absent'])
  expect(human.stdout).toBe('')
  expect(human.stderr.trim().split('\n')).toHaveLength(2)
  expect(human.stderr).toMatch(/^model_not_found: /)
  const { json } = await dcml(folder, ['model', 'hash', 'absent', '--json'])
  expect(json).toMatchObject({ error: { code: 'model_not_found', hint: expect.any(String) } })
})

test('with --json a wrong command line is told as JSON too', async () => {
  const wrong = [
    ['nonsense'],
    ['model'],
    ['model', 'hash'],
    ['demo', '--nonsense'],
    ['runtime', 'serve', '--port', '65536'],
  ]
  for (const args of wrong)
    expect(await dcml(folder, [...args, '--json'])).toMatchObject({
      code: 2,
      json: { error: { code: 'usage_invalid', message: expect.stringMatching(/./), hint: expect.any(String) } },
    })
})

test('a recipient is 64 hex digits, or a file that holds them', async () => {
  await writeFile(join(folder, 'pk.txt'), 'not a key')
  for (const pk of ['ab', 'pk.txt'])
    expect(
      await dcml(folder, ['model', 'seal', 'pk.txt', '--recipient', pk, '--out', 'x.dcmw', '--json']),
    ).toMatchObject({ code: 1, json: { error: { code: 'hex_invalid' } } })
})

test('the demo says at once that its model is not there', async () => {
  expect(await dcml(folder, ['demo', '--model', 'absent.gguf', '--json'])).toMatchObject({
    code: 1,
    json: { error: { code: 'model_not_found' } },
  })
})

test('a folder that cannot be written is no defect of dcml', async () => {
  await writeFile(join(folder, 'file'), 'x'.repeat(2000))
  await dcml(folder, ['model', 'keygen', 'k.json'])
  await dcml(folder, ['model', 'seal', 'file', '--key', 'k.json', '--out', 'f.dcmw'])
  const commands = [
    ['model', 'seal', 'file', '--key', 'k.json', '--out', 'file/f.dcmw'],
    ['model', 'open', 'f.dcmw', '--key', 'k.json', '--out', 'file/opened'],
    ['model', 'keygen', 'file/k.json'],
    ['train', '--out', 'file/run', '--text', 'file', '--steps', '1', '--dim', '16', '--layers', '1', '--heads', '1'],
  ]
  for (const command of commands) {
    const { code, json } = await dcml(folder, [...command, '--json'])
    expect(code).toBe(1)
    expect(json!.error).toMatchObject({ code: expect.not.stringMatching('internal'), hint: expect.any(String) })
  }
})

test('seals, names and opens a model; the key file is for its owner alone', async () => {
  const model = randomBytes(100_000)
  await writeFile(join(folder, 'model.bin'), model)
  const { json: key } = await dcml(folder, ['model', 'keygen', 'key.json', '--json'])
  expect((await stat(join(folder, 'key.json'))).mode & 0o077).toBe(0)
  const { json: sealed } = await dcml(folder, [
    'model',
    'seal',
    'model.bin',
    '--key',
    'key.json',
    '--out',
    'm.dcmw',
    '--json',
  ])
  const { json: hashed } = await dcml(folder, ['model', 'hash', 'model.bin', '--json'])
  const { json: header } = await dcml(folder, ['model', 'hash', 'm.dcmw', '--container', '--json'])
  expect(sealed).toMatchObject({ modelH: hashed!.modelH })
  expect(header).toMatchObject({ modelH: hashed!.modelH, kids: [key!.kid] })

  expect((await dcml(folder, ['model', 'open', 'm.dcmw', '--key', 'key.json', '--out', 'opened'])).code).toBe(0)
  expect((await readFile(join(folder, 'opened', 'model.bin'))).equals(model)).toBe(true)

  await dcml(folder, ['model', 'keygen', 'other.json'])
  const wrong = await dcml(folder, ['model', 'open', 'm.dcmw', '--key', 'other.json', '--out', 'wrong', '--json'])
  expect(wrong).toMatchObject({ code: 1, json: { error: { code: 'container_wrong_key' } } })
  expect(await readdir(folder)).not.toContain('wrong')
})

test('a key file is never overwritten, and one that others can read is refused', async () => {
  await dcml(folder, ['model', 'keygen', 'mine.json'])
  const before = await readFile(join(folder, 'mine.json'), 'utf8')
  expect((await dcml(folder, ['model', 'keygen', 'mine.json'])).code).toBe(1)
  expect(await readFile(join(folder, 'mine.json'), 'utf8')).toBe(before)
})

describe('settings', () => {
  test('file, then environment, then flag; the source is shown', async () => {
    await writeFile(join(folder, 'dcml.config.json'), JSON.stringify({ endpoint: 'file:1', port: 1234 }))
    const { json } = await dcml(folder, ['config', 'show', '--json'], { DCML_ENDPOINT: 'env:2' })
    expect(json!.settings).toEqual([
      { name: 'endpoint', value: 'env:2', from: 'DCML_ENDPOINT' },
      { name: 'port', value: 1234, from: 'dcml.config.json' },
    ])
    await rm(join(folder, 'dcml.config.json'))
  })

  test('an unknown setting is refused by name', async () => {
    await writeFile(join(folder, 'bad.json'), JSON.stringify({ endpont: 'x' }))
    const { json } = await dcml(folder, ['config', 'show', '--config', 'bad.json', '--json'])
    expect(json).toMatchObject({ error: { code: 'config_invalid', message: expect.stringContaining('endpont') } })
  })

  test.each([
    { port: 65_536 },
    { threads: -1 },
    { parallel: 1.5 },
    { modelH: 'short' },
    { imageH: ['short'] },
    { tee: 'x' },
  ])('a value that no flag would take is refused: %o', async (setting) => {
    await writeFile(join(folder, 'value.json'), JSON.stringify(setting))
    const { json } = await dcml(folder, ['config', 'show', '--config', 'value.json', '--json'])
    expect(json).toMatchObject({ error: { code: 'config_invalid' } })
  })
})

describe('attest verify', () => {
  const write = async (name: string, bytes: Uint8Array | string) => {
    await writeFile(join(folder, name), bytes)
    return name
  }
  const verify = (quote: string, collateral: string, now: string, ...more: string[]) =>
    dcml(folder, ['attest', 'verify', '--quote', quote, '--collateral', collateral, '--now', now, ...more, '--json'])

  test('simulated evidence is refused without and with its own root, and accepted by a development policy that was meant', async () => {
    const simulator = await createSimulator()
    const quote = await write(
      'sim.bin',
      simulator.mintQuote({ reportData: new Uint8Array(64), imageH: new Uint8Array(32) }),
    )
    const collateral = await write('sim.json', JSON.stringify(simulator.collateral()))
    const root = ['--root', await write('root.pem', simulator.rootPem)]
    const policy = [
      '--policy',
      await write('dev.json', JSON.stringify({ environment: 'development', imageH: 'any', images: 'any' })),
    ]
    const now = simulator.now().toISOString()
    const failed = (json: unknown) =>
      (json as { checks: { name: string; status: string }[] }).checks
        .filter((c) => c.status === 'fail')
        .map((c) => c.name)

    const pinned = await verify(quote, collateral, now)
    expect(pinned.code).toBe(1)
    expect(failed(pinned.json)).toContain('root_pinned')
    const production = await verify(quote, collateral, now, ...root)
    expect(production.code).toBe(1)
    expect(failed(production.json)).toContain('environment')
    expect(await verify(quote, collateral, now, ...root, ...policy)).toMatchObject({
      code: 1,
      json: { error: { code: 'policy_development' } },
    })
    expect(await verify(quote, collateral, now, ...root, ...policy, '--development')).toMatchObject({
      code: 0,
      json: { ok: true, environment: 'development' },
    })
  })

  test('the genuine quote holds at its time and not a year later', async ({ skip }) => {
    const quote = findVector('attestation/tdx/v4-uptodate-2025-06/quote.bin')
    const collateral = findVector('attestation/tdx/v4-uptodate-2025-06/collateral.json')
    if (quote === undefined || collateral === undefined) return skip()
    const files = [await write('q.bin', quote), await write('c.json', collateral)] as const
    expect(await verify(...files, '2025-07-01T00:00:00Z')).toMatchObject({
      code: 0,
      json: { ok: true, tcb: { status: 'UpToDate' } },
    })
    expect(await verify(...files, '2026-07-01T00:00:00Z')).toMatchObject({ code: 1, json: { ok: false } })
  })

  test('bad files are refused with a reason', async () => {
    const empty = await write('empty', '')
    const object = await write('object.json', '{}')
    expect(await verify(empty, object, '2025-07-01T00:00:00Z')).toMatchObject({ code: 1, json: { ok: false } })
    expect(await verify(empty, empty, '2025-07-01T00:00:00Z')).toMatchObject({
      code: 1,
      json: { error: { code: 'json_invalid' } },
    })
    expect(await verify(empty, object, 'yesterday')).toMatchObject({
      code: 1,
      json: { error: { code: 'time_invalid' } },
    })
  })
})

test('nothing is trusted by default: chat without a policy sends nothing', async () => {
  const { code, json } = await dcml(folder, ['chat', 'hi', '--endpoint', '127.0.0.1:1', '--json'])
  expect({ code, json }).toMatchObject({ code: 1, json: { error: { code: 'policy_missing' } } })
  const flag = await dcml(folder, ['chat', 'hi', '--endpoint', '127.0.0.1:1', '--image-h', '0'.repeat(64), '--json'])
  expect(flag.json).toMatchObject({ error: { code: 'policy_missing' } })
})

test('a settings file that merely lies in the folder decides whom to trust for nobody', async () => {
  const place = await mkdtemp(join(tmpdir(), 'dcml-hostile-'))
  for (const trust of [{ policy: 'p.json' }, { imageH: ['0'.repeat(64)] }]) {
    await writeFile(join(place, 'dcml.config.json'), JSON.stringify(trust))
    const chat = ['chat', 'hi', '--endpoint', '127.0.0.1:1', '--json']
    expect((await dcml(place, chat)).json).toMatchObject({ error: { code: 'config_untrusted' } })
    const named = await dcml(place, [...chat, '--config', 'dcml.config.json'])
    expect(named.json).not.toMatchObject({ error: { code: 'config_untrusted' } })
  }
  await rm(place, { recursive: true })
})

test('a receipt that was cut while it was written is named', async () => {
  await writeFile(join(folder, 'torn.jsonl'), '{"evidenceH":"00')
  const { code, json } = await dcml(folder, ['receipt', 'show', 'torn.jsonl', '--json'])
  expect({ code, json }).toMatchObject({ code: 1, json: { error: { code: 'receipt_torn' } } })
})

test('an empty file of receipts proves nothing', async () => {
  await writeFile(join(folder, 'none.jsonl'), '')
  const args = ['receipt', 'verify', 'none.jsonl', '--development', '--image-h', '0'.repeat(64), '--json']
  expect(await dcml(folder, args)).toMatchObject({ code: 1, json: { error: { code: 'receipts_none' } } })
})

test('no environment variable and no settings file widens trust', async () => {
  await writeFile(join(folder, 'wide.json'), JSON.stringify({ development: true }))
  const flags = ['chat', 'hi', '--endpoint', '127.0.0.1:1', '--image-h', '0'.repeat(64), '--json']
  const file = await dcml(folder, [...flags, '--config', 'wide.json'])
  expect(file.json).toMatchObject({ error: { code: 'config_invalid' } })
  const env = await dcml(folder, flags, { DCML_DEVELOPMENT: '1', DCML_ROOT: 'root.pem' })
  expect(env.json).toMatchObject({ error: { code: 'policy_missing' } })
})

test('training the same twice, once interrupted and resumed, gives the same model', async () => {
  const text = 'The people of this nation are free. They work, and they vote, and they hope. '.repeat(400)
  await writeFile(join(folder, 'text.txt'), text)
  const train = (out: string) =>
    dcml(folder, [
      'train',
      '--text',
      'text.txt',
      '--out',
      out,
      '--steps',
      '4',
      '--dim',
      '32',
      '--layers',
      '1',
      '--heads',
      '2',
      '--ff',
      '64',
      '--json',
    ])
  const [one, two] = [await train('one'), await train('two')]
  expect(one.code).toBe(0)
  expect(one.json!.modelH).toBe(two.json!.modelH)
  expect((await train('one')).json).toMatchObject({ error: { code: 'run_exists' } })
})
