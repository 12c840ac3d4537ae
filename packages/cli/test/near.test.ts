import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { dcml, dcmlCommand } from './dcml.ts'

const abi = {
  schema_version: '0.4.0',
  metadata: { name: 'counter' },
  body: { functions: [{ name: 'get', kind: 'view' }] },
}

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dcml-near-'))
  await writeFile(join(folder, 'counter.abi.json'), JSON.stringify(abi))
  await writeFile(join(folder, 'text.txt'), 'nope')
  await writeFile(join(folder, 'other.json'), '{}')
})
afterAll(() => rm(folder, { recursive: true, force: true }))

test('near client writes a client, and says the same on stdout', async () => {
  const printed = await dcml(folder, ['near', 'client', 'counter.abi.json', '--name', 'tally'])
  expect(printed).toMatchObject({ code: 0, stderr: '' })
  expect(printed.stdout).toContain('export interface Tally {')
  const written = await dcml(folder, [
    'near',
    'client',
    'counter.abi.json',
    '--name',
    'tally',
    '--out',
    't.ts',
    '--json',
  ])
  expect(written).toMatchObject({ code: 0, json: { out: 't.ts' } })
  expect(await readFile(join(folder, 't.ts'), 'utf8')).toBe(printed.stdout)
})

test.each<[string, string, string[]]>([
  ['a file that is not there', 'file_unreadable', ['none.abi.json']],
  ['a folder', 'file_unreadable', ['.']],
  ['a file that is not JSON', 'json_invalid', ['text.txt']],
  ['JSON that is no ABI', 'near_abi_invalid', ['other.json']],
  ['a name that cannot be one', 'near_abi_invalid', ['counter.abi.json', '--name', '7']],
  ['a place that cannot be written', 'system_refused', ['counter.abi.json', '--out', 'none/client.ts']],
])('near client refuses %s with %s', async (_, code, args) => {
  const { json, ...ended } = await dcml(folder, ['near', 'client', ...args, '--json'])
  expect({ ...ended, json }).toMatchObject({ code: 1, stderr: '', json: { error: { code, hint: expect.any(String) } } })
})

/** Starts `dcml devchain`, and waits for what it prints. */
async function start(...args: string[]) {
  const [command, ...rest] = dcmlCommand(['devchain', '--port', '0', '--json', ...args])
  const child = spawn(command!, rest, { cwd: folder, env: { PATH: process.env.PATH } })
  const exit = once(child, 'exit')
  const [line] = await once(child.stdout.setEncoding('utf8'), 'data')
  const { url, root, accounts } = JSON.parse(line)
  const rpc = async <T>(method: string, params: unknown): Promise<T> => {
    const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method, params })
    const response = await fetch(url, { method: 'POST', body, headers: { 'content-type': 'application/json' } })
    return ((await response.json()) as { result: T }).result
  }
  const end = async (signal: NodeJS.Signals) => {
    child.kill(signal)
    return (await exit) as unknown[]
  }
  return { root, accounts, rpc, end }
}

test('devchain answers until Ctrl-C, and goes on with its data the next time', async () => {
  const first = await start('--data', 'chain', '--seed', 'a test')
  expect(first.accounts).toMatchObject([{ balance: '10000 NEAR' }, {}, {}])
  const access = { request_type: 'view_access_key', finality: 'final' }
  const { accountId: account_id, publicKey: public_key } = first.root
  expect(await first.rpc('query', { ...access, account_id, public_key })).toMatchObject({ permission: 'FullAccess' })

  const second = await dcml(folder, ['devchain', '--port', '0', '--data', 'chain', '--json'])
  expect(second).toMatchObject({ code: 1, json: { error: { code: expect.stringMatching(/^devchain_/) } } })

  await first.rpc('dcml_mine', { blocks: 5 })
  const { header } = await first.rpc<{ header: { height: number; hash: string } }>('block', { finality: 'optimistic' })
  expect(header.height).toBeGreaterThan(0)
  expect(await first.end('SIGINT')).toEqual([0, null])
  expect(await readdir(join(folder, 'chain'))).not.toContain('lock')

  const again = await start('--data', 'chain', '--seed', 'a test')
  expect(await again.rpc('block', { finality: 'optimistic' })).toMatchObject({ header })
  expect(await again.end('SIGTERM')).toEqual([0, null])
})

test.each<[string, number, string, string[]]>([
  ['no block time', 1, 'block_time_invalid', ['--block-time', '0']],
  ['an epoch of no blocks', 1, 'devchain_option_invalid', ['--epoch-length', '0']],
  ['a port that is none', 2, 'usage_invalid', ['--port', '65536']],
  ['a version of NEAR that it does not know', 2, 'usage_invalid', ['--protocol-version', '85']],
  ['a file for its data', 1, 'devchain_write_failed', ['--data', 'text.txt']],
])('devchain refuses %s', async (_, exit, code, args) => {
  const { json, ...ended } = await dcml(folder, ['devchain', '--port', '0', ...args, '--json'])
  expect({ ...ended, json }).toMatchObject({ code: exit, json: { error: { code } } })
})

test('devchain on a port that is taken ends, says so, and leaves its data free', async () => {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const port = String((server.address() as AddressInfo).port)
  const args = ['--port', port, '--block-time', '50', '--data', 'taken', '--json']
  expect(await dcml(folder, ['devchain', ...args])).toMatchObject({
    code: 1,
    json: { error: { code: 'devchain_listen_failed' } },
  })
  server.close()
  const { end } = await start('--data', 'taken')
  expect(await end('SIGINT')).toEqual([0, null])
})
