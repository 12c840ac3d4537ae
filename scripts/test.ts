// `npm test`: everything CI checks, in order of cost, each step with its time, one closing line for machines.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { PNPM } from './pnpm.mjs'

interface Step {
  readonly name: string
  readonly command: readonly string[]
}

const node = ['node', '--conditions=@dcml/source', '--disable-warning=ExperimentalWarning']
const scratch = mkdtempSync(join(tmpdir(), 'dcml-test-'))
const report = join(scratch, 'vitest.json')

const steps: Step[] = [
  { name: 'lint', command: ['biome', 'ci', '--error-on-warnings', '.'] },
  { name: 'types', command: ['tsc', '-p', '.'] },
  { name: 'unused', command: ['knip', '--no-progress'] },
  { name: 'engine', command: [...node, 'contracts/toolchain/engine/src/build/main.ts'] },
  { name: 'system', command: [...node, 'scripts/system.ts'] },
  { name: 'tests', command: ['vitest', 'run', '--reporter=default', '--reporter=json', `--outputFile.json=${report}`] },
  { name: 'build', command: ['npx', '--yes', PNPM, 'exec', 'turbo', 'run', 'build', '--output-logs=errors-only'] },
  // against what the build made: sources are typed for Node
  { name: 'page types', command: ['tsc', '-p', 'apps/web'] },
  { name: 'packages', command: [...node, 'scripts/check-packages.ts'] },
  { name: 'docs', command: ['vitepress', 'build', 'docs'] },
]

const { values } = parseArgs({ options: { only: { type: 'string' } } })
const wanted = values.only?.split(',')
const unknown = wanted?.find((name) => !steps.some((step) => step.name === name))
if (unknown !== undefined) {
  console.error(`Unknown step: ${unknown}\n  One of: ${steps.map((step) => step.name).join(', ')}`)
  process.exit(1)
}

const counts = { passed: 0, failed: 0, skipped: 0 }
const failed: string[] = []
try {
  for (const { name, command } of steps) {
    if (wanted !== undefined && !wanted.includes(name)) continue
    const start = performance.now()
    console.log(`\n== ${name}: ${command.join(' ')}`)
    const [program, ...args] = command
    const { status } = spawnSync(program!, args, { stdio: 'inherit', shell: process.platform === 'win32' })
    const ok = status === 0
    if (!ok) failed.push(name)
    console.log(`== ${name} ${ok ? 'passed' : 'FAILED'} in ${((performance.now() - start) / 1000).toFixed(1)} s`)
    if (name === 'tests') countTests(ok)
    else counts[ok ? 'passed' : 'failed']++
  }
} finally {
  rmSync(scratch, { recursive: true, force: true })
}
if (failed.length > 0) console.log(`\nFailed: ${failed.join(', ')}`)
console.log(
  `\n${counts.passed} passed, ${counts.failed} failed${counts.skipped > 0 ? `, ${counts.skipped} skipped` : ''}`,
)
process.exitCode = failed.length === 0 ? 0 : 1

function countTests(ok: boolean): void {
  try {
    const { numPassedTests, numFailedTests, numPendingTests } = JSON.parse(readFileSync(report, 'utf8'))
    counts.passed += numPassedTests
    counts.failed += numFailedTests
    counts.skipped += numPendingTests
    // a file that cannot be loaded fails the run without a failed test
    if (!ok && numFailedTests === 0) counts.failed++
  } catch {
    counts.failed++
  }
}
