// Programs that some tests run against. Installs what is missing where this process may; elsewhere those tests are
// skipped.
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { findChromium } from '../test/browser/find.ts'

interface Program {
  /** Its Debian package. */
  readonly name: string
  readonly tests: string
  isThere(): boolean
}

const run = (...[command, ...args]: [string, ...string[]]): boolean =>
  spawnSync(command, args, {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
  }).status === 0
const mayInstall = (): boolean => {
  try {
    return (
      process.getuid?.() === 0 && /^ID(_LIKE)?=.*\b(debian|ubuntu)\b/m.test(readFileSync('/etc/os-release', 'utf8'))
    )
  } catch {
    return false
  }
}

const programs: readonly Program[] = [
  { name: 'swtpm', tests: 'tests against a TPM', isThere: () => run('swtpm', '--version') },
  { name: 'chromium', tests: 'tests in a browser', isThere: () => findChromium() !== undefined },
]
const apt = ['-o', 'DPkg::Lock::Timeout=300', '-qq']
const missing = programs.filter((program) => !program.isThere()).map(({ name }) => name)
if (missing.length > 0 && mayInstall()) {
  console.log(`Installing ${missing.join(', ')} …`)
  run('apt-get', ...apt, 'update')
  run('apt-get', ...apt, 'install', '-y', '--no-install-recommends', ...missing)
}
for (const { name, tests, isThere } of programs)
  console.log(
    isThere()
      ? `${name} is there`
      : `${name} is not there: ${tests} are skipped. On Debian, as root: apt-get install -y ${name}`,
  )
