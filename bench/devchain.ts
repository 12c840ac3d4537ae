// The devchain in this process and behind the launcher, as test suites meet it.
import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { buildContract } from '@dcml/contract-build'
import { createDevchain, type DevAccount, type Devchain, installLauncher, type Launcher } from '@dcml/devchain'
import { median, percentile } from './statistics.ts'

export const title = 'Devchain: start, transactions, time travel, memory'

type Row = Record<string, string | number>
const NEAR = 10n ** 24n

export async function run({ quick }: { quick: boolean }): Promise<{ rows: Row[]; notes: string[] }> {
  const entry = fileURLToPath(new URL('../contracts/hello/src/hello.ts', import.meta.url))
  const { wasm } = await buildContract({ entry })
  const rounds = quick ? 20 : 200
  const rows: Row[] = []
  const add = (what: string, goal: string, sample: number[]): void => {
    rows.push({
      what,
      median: `${median(sample).toFixed(2)} ms`,
      p99: `${percentile(sample, 0.99).toFixed(2)} ms`,
      goal,
    })
  }

  add(
    'start in process',
    '30 ms',
    sample(rounds, () => createDevchain()),
  )
  const { chain, alice, contract } = scene(wasm)
  const greet = () => alice.call(contract, 'greet', { text: 'hi' }, { deposit: NEAR / 100n })
  sample(50, greet)
  add(
    'transfer',
    '2 ms',
    sample(rounds, () => alice.transfer(chain.root, 1n)),
  )
  add('contract call (QuickJS, writes, logs)', '8 ms', sample(rounds, greet))
  add(
    'view',
    '',
    sample(rounds, () => contract.view('count_greetings')),
  )
  add(
    'snapshot',
    '1 ms',
    sample(rounds, () => chain.snapshot()),
  )
  add(
    'snapshot and revert',
    '1 ms',
    sample(rounds, () => chain.revert(chain.snapshot())),
  )
  add(
    'fast-forward 10,000 blocks',
    '50 ms',
    sample(quick ? 5 : 20, () => chain.fastForward(10_000)),
  )

  const tests = quick ? 100 : 600
  const base = chain.snapshot()
  const start = performance.now()
  for (let i = 0; i < tests; i++) {
    const id = chain.snapshot()
    greet()
    contract.view('greeting_of', { account: alice.accountId })
    chain.revert(id)
  }
  const perSecond = tests / ((performance.now() - start) / 1000)
  chain.revert(base)
  rows.push({ what: 'tests a second (snapshot, call, view, revert)', median: perSecond.toFixed(0), goal: '150' })

  const from = existsSync(BUILT) ? '' : ', from source: build first'
  add(`near-sandbox launcher ready (GET /status)${from}`, '150 ms', await readyTimes(quick ? 3 : 10))
  add(`near-workspaces Worker.init${from}`, '600 ms', await workerTimes(quick ? 2 : 5))
  return { rows, notes: [await memory(quick ? 10_000 : 100_000)] }
}

function sample(rounds: number, act: () => unknown): number[] {
  return Array.from({ length: rounds }, () => {
    const start = performance.now()
    act()
    return performance.now() - start
  })
}

function scene(wasm: Uint8Array, options = {}): { chain: Devchain; alice: DevAccount; contract: DevAccount } {
  const chain = createDevchain(options)
  const contract = chain.root.createAccount('hello')
  const alice = chain.root.createAccount('alice', { balance: 1_000_000n * NEAR })
  contract.deploy(wasm, { method: 'open', args: { owner: 'owner.near' } })
  return { chain, alice, contract }
}

/** Bytes held after the first tenth and at the end: flat means that old blocks are let go. */
async function memory(transactions: number): Promise<string> {
  const chain = createDevchain({ keepBlocks: 100 })
  const held = (): number => {
    globalThis.gc?.()
    return process.memoryUsage().heapUsed / 1024 ** 2
  }
  let early = 0
  const start = performance.now()
  for (let i = 0; i < transactions; i++) {
    chain.root.transfer('test.near', 1n)
    if (i === transactions / 10) early = held()
  }
  const seconds = (performance.now() - start) / 1000
  return `${transactions} transfers with keepBlocks 100: heap ${early.toFixed(1)} MiB after the first tenth, ${held().toFixed(1)} MiB at the end; ${(transactions / seconds).toFixed(0)} transfers a second.`
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  const { port } = server.address() as { port: number }
  await new Promise((resolve) => server.close(resolve))
  return port
}

/** Of the built package, as users start it; from source, each start would strip types first. */
const BUILT = new URL('../packages/devchain/dist/index.js', import.meta.url)

async function launcher(): Promise<Launcher> {
  if (!existsSync(BUILT)) return installLauncher()
  const built = (await import(BUILT.href)) as typeof import('@dcml/devchain')
  return built.installLauncher()
}

async function readyTimes(rounds: number): Promise<number[]> {
  const { binPath } = await launcher()
  const times: number[] = []
  for (let i = 0; i < rounds; i++) {
    const home = mkdtempSync(join(tmpdir(), 'dcml-bench-'))
    await ended(spawn(binPath, ['--home', home, 'init'], { stdio: 'ignore' }))
    const port = await freePort()
    const start = performance.now()
    const child = spawn(binPath, ['--home', home, 'run', '--rpc-addr', `127.0.0.1:${port}`], { stdio: 'ignore' })
    for (;;) {
      try {
        if ((await fetch(`http://127.0.0.1:${port}/status`)).ok) break
      } catch {
        await new Promise((resolve) => setTimeout(resolve, 2))
      }
    }
    times.push(performance.now() - start)
    child.kill('SIGTERM')
    await ended(child)
    rmSync(home, { recursive: true })
  }
  return times
}

const ended = (child: ChildProcess): Promise<unknown> => new Promise((resolve) => child.once('exit', resolve))

async function workerTimes(rounds: number): Promise<number[]> {
  const { binPath, dir } = await launcher()
  Object.assign(process.env, {
    NEAR_SANDBOX_BIN_PATH: binPath,
    NEAR_SANDBOX_BINARY_PATH: dir,
    NEAR_WORKSPACES_NO_LOGS: '1',
  })
  const { Worker } = await import('near-workspaces')
  const times: number[] = []
  for (let i = 0; i < rounds; i++) {
    const start = performance.now()
    const worker = await Worker.init()
    times.push(performance.now() - start)
    await worker.tearDown()
  }
  return times
}
