// The stand-in as a process: what clients see of it from outside.
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Json } from '../../test/rpc-scene.ts'
import { Chain } from '../chain/chain.ts'
import { initHome, readHome } from './home.ts'
import { installLauncher } from './launcher.ts'

const runFile = promisify(execFile)
let dir: string
let binPath: string
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), "devchain'sandbox "))
  binPath = installLauncher(join(dir, 'bin')).binPath
})
afterAll(() => rmSync(dir, { recursive: true, force: true }))

const json = (...path: string[]): Json => JSON.parse(readFileSync(join(dir, ...path), 'utf8'))

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()))
  const { port } = server.address() as { port: number }
  await new Promise((resolve) => server.close(resolve))
  return port
}

async function start(home: string): Promise<{ child: ChildProcess; url: string }> {
  const port = await freePort()
  const child = spawn(binPath, ['--home', home, 'run', '--rpc-addr', `127.0.0.1:${port}`], { stdio: 'ignore' })
  const url = `http://127.0.0.1:${port}`
  for (;;) {
    if (child.exitCode !== null) throw new Error(`the sandbox ended with ${child.exitCode}`)
    if (
      await fetch(`${url}/status`).then(
        ({ ok }) => ok,
        () => false,
      )
    )
      return { child, url }
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

const ended = (child: ChildProcess): Promise<number | null> =>
  new Promise((resolve) => child.once('exit', (code) => resolve(code)))

async function ask(url: string, method: string, params: unknown): Promise<Json> {
  const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method, params })
  const response = await fetch(url, { method: 'POST', body })
  return ((await response.json()) as Json).result
}

test('the launcher needs no environment and says its version', async () => {
  const { stdout } = await runFile(binPath, ['--version'], { env: {} })
  expect(stdout).toMatch(/neard/)
  const refused = await runFile(binPath, ['fly'], { env: {} }).catch((error) => error)
  expect([refused.code, refused.stderr]).toEqual([2, expect.stringContaining('no command "fly"')])
})

test('a home has what clients read, and gives the chain it describes, edited as they edit it', () => {
  const home = join(dir, 'edited')
  initHome(home, 'localnet', 'test.near')
  expect(json('edited', 'validator_key.json')).toMatchObject({
    account_id: 'test.near',
    public_key: expect.stringMatching(/^ed25519:/),
    secret_key: expect.stringMatching(/^ed25519:/),
  })
  expect(json('edited', 'config.json')).toMatchObject({ rpc: {}, store: {} })
  const genesis = json('edited', 'genesis.json')
  expect(typeof genesis.total_supply).toBe('string')
  // near-sandbox 0.2 appends an account of its own and raises the supply
  const amount = 10n ** 28n
  const account = {
    amount: amount.toString(),
    locked: '0',
    code_hash: '1'.repeat(32),
    storage_usage: 182,
    version: 'V1',
  }
  genesis.records.push({ Account: { account_id: 'sandbox', account } })
  genesis.total_supply = (BigInt(genesis.total_supply) + amount).toString()
  writeFileSync(join(home, 'genesis.json'), JSON.stringify(genesis))
  writeFileSync(join(home, 'config.json'), JSON.stringify({ rpc: { limits_config: { json_payload_max_size: 5 } } }))
  const { options, bodyLimit } = readHome(home)
  expect(bodyLimit).toBe(5)
  const chain = new Chain({ ...options, mining: { mode: 'manual' } })
  expect(chain.genesis.header.totalSupply.toString()).toBe(genesis.total_supply)
  expect(chain.blockProducers(chain.genesis.header.nextEpochId)?.[0]?.accountId).toBe('test.near')
  chain.mine()
  expect(chain.head.header.approvals).not.toContain(null)
})

test('a home that is none is refused with the file that is wrong', async () => {
  expect(() => readHome(join(dir, 'nowhere'))).toThrow(/genesis.json cannot be used/)
  const refused = await runFile(binPath, ['--home', join(dir, 'nowhere'), 'run']).catch((error) => error)
  expect([refused.code, refused.stderr]).toEqual([1, expect.stringContaining('genesis.json')])
})

test('init, run, dump and stop', async () => {
  const home = join(dir, 'whole')
  await runFile(binPath, ['--home', home, 'init', '--fast'])
  const { child, url } = await start(home)
  const { node_public_key } = (await (await fetch(`${url}/status`)).json()) as Json
  expect(node_public_key).toBe(json('whole', 'validator_key.json').public_key)
  const patched = { Data: { account_id: 'test.near', data_key: 'YQ==', value: 'Yg==' } }
  await ask(url, 'sandbox_patch_state', { records: [patched] })

  await runFile(binPath, ['--home', home, 'view-state', 'dump-state'])
  expect(json('whole', 'output.json').records).toContainEqual(patched)
  await runFile(binPath, ['--home', home, 'view-state', 'dump-state', '--stream'])
  expect(json('whole', 'output', 'records.json')).toContainEqual(patched)
  expect(json('whole', 'output', 'genesis.json')).toMatchObject({ records: [], chain_id: 'localnet' })
  for (const name of ['config', 'node_key', 'validator_key'])
    expect(existsSync(join(home, 'output', `${name}.json`))).toBe(true)

  const taken = spawn(binPath, ['--home', home, 'run', '--rpc-addr', url.slice('http://'.length)], { stdio: 'ignore' })
  expect(await ended(taken)).toBe(1)
  expect(existsSync(join(home, 'data', 'devchain.json'))).toBe(true)

  const gone = ended(child)
  child.kill('SIGINT')
  expect(await gone).toBe(0)
  expect(existsSync(join(home, 'data', 'devchain.json'))).toBe(false)
  await runFile(binPath, ['--home', home, 'view-state', 'dump-state'])
  expect(json('whole', 'output.json').records).not.toContainEqual(patched)
})
