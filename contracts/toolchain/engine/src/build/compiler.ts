import { readFile } from 'node:fs/promises'
import { DcmlError } from '@dcml/protocol'
import { complaint, run } from './command.ts'

/** The packages of Debian 12 the engine is built with, and the versions whose output the README's hashes are of. */
const REFERENCE = {
  'clang-14': '1:14.0.6-12',
  'lld-14': '1:14.0.6-12',
  'libclang-rt-14-dev-wasm32': '1:14.0.6-12',
  'wasi-libc': '0.0~git20220510.9886d3d-2',
} as const

export type Packages = Record<keyof typeof REFERENCE, string>

const names = Object.keys(REFERENCE) as (keyof typeof REFERENCE)[]

/** The installed versions, or undefined where one of the packages, or dpkg itself, is missing. */
export async function installedPackages(): Promise<Packages | undefined> {
  const { stdout } = await run('dpkg-query', ['-W', '-f', `\${Package} \${Version} \${db:Status-Status}\n`, ...names])
  const versions: Partial<Packages> = {}
  for (const line of stdout.split('\n')) {
    const [name, version, status] = line.split(' ')
    if (status === 'installed' && version) versions[name as keyof typeof REFERENCE] = version
  }
  return names.every((name) => versions[name]) ? (versions as Packages) : undefined
}

/** True where these are the versions of Debian 12, whose output is reproducible byte for byte. */
export const isReference = (packages: Packages): boolean => names.every((name) => packages[name] === REFERENCE[name])

const isDebianFamily = async (): Promise<boolean> =>
  /^ID(_LIKE)?=.*\b(debian|ubuntu)\b/m.test(await readFile('/etc/os-release', 'utf8').catch(() => ''))

/**
 * The compiler packages' versions, after installing what is missing where this process may.
 *
 * @throws DcmlError `engine_compiler_missing`
 */
export async function ensurePackages(say: (line: string) => void): Promise<Packages> {
  const present = await installedPackages()
  if (present) return present
  const hint = `On Debian 12 run, as root: apt-get update && apt-get install -y --no-install-recommends ${names.join(' ')}`
  if (process.getuid?.() !== 0 || !(await isDebianFamily()))
    throw new DcmlError('engine_compiler_missing', 'the compiler of the contract engine is not installed', { hint })

  say(`Installing ${names.join(', ')} …`)
  const env = { DEBIAN_FRONTEND: 'noninteractive' }
  const wait = ['-o', 'DPkg::Lock::Timeout=300', '-qq']
  const updated = await run('apt-get', [...wait, 'update'], { env })
  const installed = await run('apt-get', [...wait, 'install', '-y', '--no-install-recommends', ...names], { env })
  const packages = await installedPackages()
  if (packages) return packages
  const failed = updated.status === 0 ? installed : updated
  throw new DcmlError('engine_compiler_missing', `apt-get could not install the compiler:\n${complaint(failed)}`, {
    hint,
  })
}
