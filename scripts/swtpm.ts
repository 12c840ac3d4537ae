// Tests of the TPM run against swtpm, a TPM in software. Installs it where this process may; elsewhere they are skipped.
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'

const run = (...[command, ...args]: [string, ...string[]]): boolean =>
  spawnSync(command, args, {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
  }).status === 0
const isThere = (): boolean => run('swtpm', '--version')
const mayInstall = (): boolean => {
  try {
    return (
      process.getuid?.() === 0 && /^ID(_LIKE)?=.*\b(debian|ubuntu)\b/m.test(readFileSync('/etc/os-release', 'utf8'))
    )
  } catch {
    return false
  }
}

const apt = ['-o', 'DPkg::Lock::Timeout=300', '-qq']
if (!isThere() && mayInstall()) {
  console.log('Installing swtpm …')
  run('apt-get', ...apt, 'update')
  run('apt-get', ...apt, 'install', '-y', '--no-install-recommends', 'swtpm')
}
console.log(
  isThere()
    ? 'swtpm is there'
    : 'swtpm is not there: tests against a TPM are skipped. On Debian, as root: apt-get install -y swtpm',
)
