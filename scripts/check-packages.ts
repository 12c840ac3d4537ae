// Checks what a user would install, not what we develop with: packs every package, reads the tarballs with publint
// and attw, holds them to their budgets, unpacks them into an empty project and imports every entry from there.
import { execFileSync } from 'node:child_process'
import {
  existsSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, dirname, join, relative } from 'node:path'
import { PNPM } from './pnpm.mjs'

/** Budgets: kilobytes of one tarball; packages and megabytes of what installing it brings, where we promise that. */
const budgets: Record<string, { kb: number; packages?: number; mb?: number }> = {
  protocol: { kb: 60, packages: 6, mb: 6 },
  attestation: { kb: 160 },
  weights: { kb: 80 },
  'light-client': { kb: 60, packages: 8, mb: 6 },
  near: { kb: 60 },
  channels: { kb: 60 },
  training: { kb: 8_200 },
  'contract-engine': { kb: 700 },
  'contract-build': { kb: 80 },
  devchain: { kb: 300 },
  'tee-simulator': { kb: 80 },
  runtime: { kb: 150 },
  client: { kb: 60, packages: 20, mb: 8 },
  publisher: { kb: 60 },
  watcher: { kb: 60 },
  'contract-model': { kb: 300 },
  'contract-por': { kb: 300 },
  por: { kb: 120 },
  cli: { kb: 120 },
}

interface Manifest {
  name: string
  version: string
  exports?: Record<string, { types: string; default: string }>
  bin?: Record<string, string>
  dependencies?: Record<string, string>
}

const root = join(import.meta.dirname, '..')
/** Folder of every package we publish, by its name without the scope. */
const folders = new Map(
  globSync(
    ['packages/*', 'contracts/toolchain/*', 'contracts/model'].map((folder) => `${folder}/package.json`),
    { cwd: root },
  ).map((path) => {
    const { name }: Manifest = JSON.parse(readFileSync(join(root, path), 'utf8'))
    return [name.slice('@dcml/'.length), dirname(path)]
  }),
)
const scratch = mkdtempSync(join(tmpdir(), 'dcml-pack-'))
const project = join(scratch, 'node_modules')
const problems: string[] = []
const run = (command: string, args: string[]): string =>
  execFileSync(command, args, { cwd: root, encoding: 'utf8', stdio: 'pipe' })
const attempt = (what: string, act: () => unknown): void => {
  try {
    act()
  } catch (error) {
    const { stdout = '', stderr = '' } = error as { stdout?: string; stderr?: string }
    problems.push(`${what}: ${stdout}${stderr}${stdout || stderr ? '' : error}`)
  }
}

try {
  const filters = ['./packages/*', './contracts/toolchain/*', './contracts/model'].flatMap((glob) => ['--filter', glob])
  run('npx', ['--yes', PNPM, '-r', ...filters, 'pack', '--pack-destination', scratch])
  for (const name of folders.keys()) check(name)
  for (const name of folders.keys()) importEntries(name)
} finally {
  rmSync(scratch, { recursive: true, force: true })
}
for (const problem of problems) console.error(`\n${problem}`)
process.exitCode = problems.length === 0 ? 0 : 1

function check(name: string): void {
  const tarball = globSync(join(scratch, `dcml-${name}-*.tgz`))[0]!
  const budget = budgets[name]
  const kb = Math.ceil(statSync(tarball).size / 1024)
  const { count, mb } = installed(name)
  console.log(`@dcml/${name}: tarball ${kb} KB; brings ${count} packages, ${mb.toFixed(1)} MB`)
  if (budget === undefined) problems.push(`@dcml/${name} has no budget in scripts/check-packages.ts`)
  else {
    if (kb > budget.kb) problems.push(`@dcml/${name}: ${kb} KB are over its budget of ${budget.kb}`)
    if (budget.packages !== undefined && count > budget.packages)
      problems.push(`@dcml/${name}: ${count} packages are over its budget of ${budget.packages}`)
    if (budget.mb !== undefined && mb > budget.mb)
      problems.push(`@dcml/${name}: ${mb.toFixed(1)} MB are over its budget of ${budget.mb}`)
  }
  attempt(`publint @dcml/${name}`, () => run('publint', ['run', tarball, '--strict']))
  // a contract's wasm and ABI have no types
  if (existsSync(join(root, folders.get(name)!, 'tsup.config.ts')))
    attempt(`attw @dcml/${name}`, () => run('attw', [tarball, '--profile', 'esm-only', '--format', 'ascii']))
  const files = run('tar', ['-tzf', tarball]).trim().split('\n')
  const stray = files.filter((file) => /\.test\.|\/(src|test|node_modules|\.turbo)\//.test(file))
  if (stray.length > 0) problems.push(`@dcml/${name} ships ${stray.join(', ')}`)
  for (const wanted of ['package/README.md', 'package/LICENSE'])
    if (!files.includes(wanted)) problems.push(`@dcml/${name} ships no ${basename(wanted)}`)

  const target = join(project, '@dcml', name)
  mkdirSync(target, { recursive: true })
  run('tar', ['-xzf', tarball, '-C', target, '--strip-components=1'])
  linkDependencies(name, target)
}

/** Third-party packages come from the workspace, ours only from the tarballs beside this one. */
function linkDependencies(name: string, target: string): void {
  const manifest: Manifest = JSON.parse(readFileSync(join(target, 'package.json'), 'utf8'))
  for (const dependency of Object.keys(manifest.dependencies ?? {})) {
    if (dependency.startsWith('@dcml/')) continue
    const link = join(target, 'node_modules', dependency)
    mkdirSync(dirname(link), { recursive: true })
    symlinkSync(realpathSync(join(root, folders.get(name)!, 'node_modules', dependency)), link)
  }
}

/** Runs the unpacked code with nothing of the workspace in reach but third-party packages. */
function importEntries(name: string): void {
  const target = join(project, '@dcml', name)
  const manifest: Manifest = JSON.parse(readFileSync(join(target, 'package.json'), 'utf8'))
  for (const entry of Object.keys(manifest.exports ?? {})) {
    if (entry === './testing') continue // needs a test runner around it
    const specifier = `@dcml/${name}${entry.slice(1)}`
    const isFile = /\.(wasm|json)$/.test(entry)
    const use = isFile
      ? `(await import('node:fs')).readFileSync(new URL(import.meta.resolve(${JSON.stringify(specifier)})))`
      : `await import(${JSON.stringify(specifier)})`
    attempt(`import ${specifier}`, () =>
      execFileSync('node', ['--input-type=module', '-e', use], {
        cwd: scratch,
        encoding: 'utf8',
        stdio: 'pipe',
      }),
    )
  }
  for (const path of Object.values(manifest.bin ?? {}))
    attempt(`${path} --version`, () => {
      const printed = run('node', [join(target, path), '--version']).trim()
      if (printed !== manifest.version) throw new Error(`printed "${printed}", not "${manifest.version}"`)
    })
}

/** Walks the run-time dependencies as installed here. */
function installed(name: string): { count: number; mb: number } {
  const seen = new Map<string, number>()
  const visit = (path: string): void => {
    const real = realpathSync(path)
    if (seen.has(real)) return
    const ours = !relative(root, real).startsWith('node_modules')
    const manifest: Manifest = JSON.parse(readFileSync(join(real, 'package.json'), 'utf8'))
    seen.set(real, bytes(ours ? join(real, 'dist') : real))
    for (const dependency of Object.keys(manifest.dependencies ?? {}))
      visit(
        ours
          ? join(real, 'node_modules', dependency)
          : join(real.slice(0, real.lastIndexOf('node_modules')), 'node_modules', dependency),
      )
  }
  visit(join(root, folders.get(name)!))
  return { count: seen.size, mb: [...seen.values()].reduce((sum, size) => sum + size, 0) / 1024 ** 2 }
}

function bytes(path: string): number {
  return globSync('**/*', { cwd: path, exclude: (entry) => entry.name === 'node_modules', withFileTypes: true })
    .filter((entry) => entry.isFile())
    .reduce((sum, entry) => sum + statSync(join(entry.parentPath, entry.name)).size, 0)
}
