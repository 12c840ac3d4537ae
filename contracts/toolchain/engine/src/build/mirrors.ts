import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'

const DEFAULT_MIRROR = 'http://deb.debian.org/debian'

/** The archive addresses in one sources file, of the one-line form (`deb …`) or the stanza form (`URIs: …`). */
export function mirrorsIn(text: string): string[] {
  const found: string[] = []
  for (const line of text.split('\n')) {
    const oneLine = /^\s*deb(?:-src)?\s+(?:\[[^\]]*\]\s+)?(\S+)/.exec(line)?.[1]
    const stanza = /^URIs:\s*(.+)$/i.exec(line)?.[1]?.trim().split(/\s+/)
    found.push(...(oneLine ? [oneLine] : (stanza ?? [])))
  }
  // A mirror of Debian itself, not its security archive (which has no trixie main) nor some other vendor's.
  return found.filter((uri) => /^https?:\/\/.*\/debian\/?$/.test(uri)).map((uri) => uri.replace(/\/$/, ''))
}

/** Where to look for Debian sources: the mirrors this machine is set up for, then Debian's own. */
export async function debianMirrors(apt = '/etc/apt'): Promise<string[]> {
  const parts = join(apt, 'sources.list.d')
  const names = await readdir(parts).catch(() => [])
  const files = [
    join(apt, 'sources.list'),
    ...names.filter((n) => /\.(list|sources)$/.test(n)).map((n) => join(parts, n)),
  ]
  const texts = await Promise.all(files.map((file) => readFile(file, 'utf8').catch(() => '')))
  return [...new Set([...texts.flatMap(mirrorsIn), DEFAULT_MIRROR])]
}
