import { createHash } from 'node:crypto'
import { mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { DcmlError } from '@dcml/protocol'
import { complaint, run } from './command.ts'
import { corrected } from './corrections.ts'
import { debianMirrors } from './mirrors.ts'
import { places } from './places.ts'

/** The QuickJS source: Debian 13's package, held to one hash wherever it came from. */
export const QUICKJS = {
  version: '2025-04-26',
  package: '2025.04.26-1',
  archive: 'quickjs_2025.04.26.orig.tar.xz',
  sha256: 'ec81da5b3249ed648dbc7df4a1654988910e66a118d9b71cb63534216efcfbbe',
} as const

const KEYRING = '/usr/share/keyrings/debian-archive-keyring.gpg'

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')

const readArchive = async (path: string): Promise<boolean> => {
  const bytes = await readFile(path).catch(() => undefined)
  return bytes !== undefined && sha256(bytes) === QUICKJS.sha256
}

/** One try at one mirror, with sources, lists and cache of its own: the machine's apt set-up is neither used nor changed. */
async function download(mirror: string, folder: string): Promise<string | undefined> {
  await mkdir(join(folder, 'lists', 'partial'), { recursive: true })
  await mkdir(join(folder, 'cache', 'archives', 'partial'), { recursive: true })
  const keyring = await readFile(KEYRING).catch(() => undefined)
  // Without Debian's keys apt cannot check the index; the pinned hash of the archive is checked either way.
  const trust = keyring ? `signed-by=${KEYRING}` : 'trusted=yes'
  const list = join(folder, 'sources.list')
  await writeFile(list, `deb-src [${trust}] ${mirror} trixie main\n`)
  const own = [
    ['Dir::Etc::SourceList', list],
    ['Dir::Etc::SourceParts', '/dev/null'],
    ['Dir::State::Lists', join(folder, 'lists')],
    ['Dir::Cache', join(folder, 'cache')],
    ['APT::Sandbox::User', process.getuid?.() === 0 ? 'root' : ''],
  ].flatMap(([key, value]) => ['-o', `${key}=${value}`])
  const updated = await run('apt-get', [...own, '-qq', 'update'])
  if (updated.status !== 0) return complaint(updated)
  const fetched = await run('apt-get', [...own, '-qq', 'source', '--download-only', `quickjs=${QUICKJS.package}`], {
    cwd: folder,
  })
  return fetched.status === 0 ? undefined : complaint(fetched)
}

/**
 * The verified source archive, downloaded through apt unless an earlier build or a person has put it there.
 *
 * @throws DcmlError `engine_source_unavailable`
 */
export async function quickjsArchive(say: (line: string) => void): Promise<string> {
  const kept = join(places.cache, QUICKJS.archive)
  if (await readArchive(kept)) return kept
  await mkdir(places.cache, { recursive: true })
  const complaints: string[] = []
  for (const mirror of await debianMirrors()) {
    say(`Fetching QuickJS ${QUICKJS.version} from ${mirror} …`)
    const folder = await mkdtemp(join(places.cache, 'apt-'))
    try {
      const failure = await download(mirror, folder)
      const archive = join(folder, QUICKJS.archive)
      if (failure === undefined && (await readArchive(archive))) {
        await rename(archive, kept)
        return kept
      }
      const got = (await readdir(folder)).includes(QUICKJS.archive)
      complaints.push(`${mirror}: ${failure ?? (got ? 'the archive has another sha256' : 'apt fetched no archive')}`)
    } finally {
      await rm(folder, { recursive: true, force: true })
    }
  }
  throw new DcmlError('engine_source_unavailable', `no QuickJS source to build from:\n${complaints.join('\n')}`, {
    hint: `Put ${QUICKJS.archive} (sha256 ${QUICKJS.sha256}, from snapshot.debian.org) into contracts/toolchain/engine/.cache and try again.`,
    retryable: true,
  })
}

/** QuickJS' own switch for the tables behind \p{...} in regular expressions, which stands in a header. */
const ALL_UNICODE = '#define CONFIG_ALL_UNICODE\n'

/**
 * Unpacks the archive's own top folder into `folder`, with the switch for large Unicode tables off: they would
 * add 23 KB to every contract, and every call pays for every byte; and with its bigints corrected.
 *
 * @throws DcmlError `engine_build_failed`
 */
export async function unpackQuickjs(archive: string, folder: string): Promise<void> {
  await mkdir(folder, { recursive: true })
  const unpacked = await run('tar', ['-xJf', archive, '--strip-components=1', '-C', folder])
  if (unpacked.status !== 0)
    throw new DcmlError('engine_build_failed', `tar could not unpack QuickJS:\n${complaint(unpacked)}`, {
      hint: 'Install tar and xz-utils.',
    })
  const header = join(folder, 'libunicode.h')
  await writeFile(header, (await readFile(header, 'utf8')).replace(ALL_UNICODE, ''))
  const core = join(folder, 'quickjs.c')
  await writeFile(core, corrected(await readFile(core, 'utf8')))
}
