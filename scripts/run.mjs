// The one door to every root script. Plain JavaScript on purpose: it must run on whatever Node the machine has
// (>= 20), before anything is installed, and hand over to the Node 24 that the lockfile pins.
import { spawn, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { constants } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { PNPM } from './pnpm.mjs'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const bin = join(root, 'node_modules', '.bin')
const stamp = join(root, 'node_modules', '.dcml-installed')

const fail = (what, hint) => {
  console.error(`${what}\n  ${hint}`)
  process.exit(1)
}

function ensureInstalled() {
  const hash = createHash('sha256')
  for (const file of ['pnpm-lock.yaml', 'pnpm-workspace.yaml', 'package.json'])
    hash.update(readFileSync(join(root, file)))
  hash.update(`${process.platform} ${process.arch}`)
  const wanted = hash.digest('hex')
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return
  console.error('Installing dependencies (first run, or the lockfile changed) …')
  const done = spawnSync(
    'npx',
    ['--yes', PNPM, 'install', '--frozen-lockfile', '--prefer-offline', '--reporter=append-only'],
    {
      cwd: root,
      stdio: ['ignore', 2, 2],
      shell: process.platform === 'win32',
    },
  )
  if (done.error) fail(`Could not start npx: ${done.error.message}`, 'Install Node.js 20 or newer with npm.')
  if (done.status !== 0)
    fail('Installing the dependencies failed.', 'The lines above say why; the npm registry must be reachable.')
  writeFileSync(stamp, wanted)
}

const source = ['--conditions=@dcml/source', '--disable-warning=ExperimentalWarning']
// turbo runs `pnpm run build` in every package, and pnpm is only to be had through npx
const turboBuild = ['npx', '--yes', PNPM, 'exec', 'turbo', 'run', 'build']
const tasks = {
  demo: ['node', ...source, 'packages/cli/src/main.ts', 'demo'],
  dcml: ['node', ...source, 'packages/cli/src/main.ts'],
  test: ['node', ...source, 'scripts/test.ts'],
  bench: ['node', ...source, '--expose-gc', 'bench/main.ts'],
  lint: ['node', ...source, 'scripts/test.ts', '--only', 'lint,types,unused'],
  build: turboBuild,
  docs: ['vitepress', 'dev', 'docs'],
}

const [task, ...args] = process.argv.slice(2)
if (!Object.hasOwn(tasks, task)) fail(`Unknown task: ${task}`, `One of: ${Object.keys(tasks).join(', ')}`)
ensureInstalled()
const [command, ...rest] = tasks[task]
// dcml works on the files of the folder it was typed in, every other task on the repository
const cwd = task === 'dcml' ? (process.env.INIT_CWD ?? process.cwd()) : root
const argv = task === 'dcml' ? rest.map((part) => (part.startsWith('packages/') ? join(root, part) : part)) : rest
const child = spawn(command === 'npx' ? command : join(bin, command), [...argv, ...args], {
  cwd,
  stdio: 'inherit',
  shell: process.platform === 'win32',
  env: {
    ...process.env,
    PATH: `${bin}${delimiter}${process.env.PATH}`,
    TURBO_TELEMETRY_DISABLED: '1',
    DO_NOT_TRACK: '1',
  },
})
// What is ended with this script ends too. Ctrl-C reaches the child from the terminal; npm, told to end, leaves its
// script without a word.
const parent = process.ppid
process.on('SIGINT', () => {})
process.on('SIGTERM', () => child.kill('SIGTERM'))
const watch = setInterval(() => {
  if (process.ppid === parent) return
  clearInterval(watch)
  child.kill('SIGTERM')
}, 500)
child.on('error', ({ message }) =>
  fail(`Could not start ${command}: ${message}`, 'Delete node_modules and run the command again.'),
)
child.on('close', (code, signal) => process.exit(code ?? 128 + constants.signals[signal]))
