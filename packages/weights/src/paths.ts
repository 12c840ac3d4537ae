import { DcmlError, utf8 } from '@dcml/protocol'

const MAX_NAME = 255
const MAX_PATH = 1024

/**
 * Checks the paths of a model's files: relative, `/` between names, no `.` or `..`, Unicode NFC, and nothing that
 * one file system reads differently from another (back slashes, colons, control characters, a trailing dot or space,
 * two names that differ in case only), so that a container opens to the same files everywhere and never outside
 * its folder.
 * @throws DcmlError `model_path_refused`
 */
export function checkPaths(paths: readonly string[]): void {
  const files = new Set<string>()
  for (const path of paths) {
    const fault = faultOf(path)
    if (fault !== undefined) throw refused(path, fault)
    const folded = fold(path)
    if (files.has(folded)) throw refused(path, 'is there twice, or differs from another path in case only')
    files.add(folded)
  }
  for (const path of paths)
    for (let end = path.lastIndexOf('/'); end > 0; end = path.lastIndexOf('/', end - 1))
      if (files.has(fold(path.slice(0, end)))) throw refused(path, 'lies inside another file')
}

/** Orders paths by their UTF-8 bytes, which is the order of the manifest and of the plaintext in a container. */
export function comparePaths(a: string, b: string): number {
  const [left, right] = [utf8(a), utf8(b)]
  for (let i = 0; i < Math.min(left.length, right.length); i++) if (left[i] !== right[i]) return left[i]! - right[i]!
  return left.length - right.length
}

function faultOf(path: string): string | undefined {
  if (path === '' || utf8(path).length > MAX_PATH) return `must have 1 to ${MAX_PATH} bytes`
  if (!path.isWellFormed() || path.normalize('NFC') !== path) return 'must be Unicode in normal form C'
  if (/[\\:\p{Cc}]/u.test(path)) return 'must not hold back slashes, colons or control characters'
  for (const name of path.split('/')) {
    if (name === '') return 'must be relative, without empty names'
    if (name === '.' || name === '..') return 'must not hold . or ..'
    if (/[. ]$/.test(name)) return 'must not have a name that ends with a dot or a space'
    if (utf8(name).length > MAX_NAME) return `must not have a name over ${MAX_NAME} bytes`
  }
  return undefined
}

const fold = (path: string): string => path.toLowerCase().normalize('NFC')

const refused = (path: string, why: string): DcmlError =>
  new DcmlError('model_path_refused', `The path ${JSON.stringify(path)} ${why}.`, {
    hint: 'Rename the file: paths are relative, portable and unique.',
    details: { path },
  })
