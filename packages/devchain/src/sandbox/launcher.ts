import { chmodSync, mkdirSync, mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

/** Where a launcher was put. */
export interface Launcher {
  /** The file, for `NEAR_SANDBOX_BIN_PATH` and near-kit's `binaryPath`. */
  readonly binPath: string
  /** Its folder, for `NEAR_SANDBOX_BINARY_PATH`. */
  readonly dir: string
}

/** Wraps a path for sh. */
const quoted = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`

/**
 * Writes a file `near-sandbox` that starts the devchain where clients expect nearcore's sandbox. near-workspaces 5
 * needs both variables set; with them a plain install of it downloads nothing either.
 * @param dir default: a new folder below the system's one for temporary files
 */
export function installLauncher(dir: string = mkdtempSync(join(tmpdir(), 'dcml-near-sandbox-'))): Launcher {
  const folder = resolve(dir)
  mkdirSync(folder, { recursive: true })
  const binPath = join(folder, 'near-sandbox')
  // clients start it without a PATH: node is named in full; sh, because a #! line has no room for options and spaces
  writeFileSync(binPath, `#!/bin/sh\nexec ${nodeCommand().map(quoted).join(' ')} "$@"\n`)
  chmodSync(binPath, 0o755)
  return { binPath, dir: folder }
}

function nodeCommand(): string[] {
  const fromSource = import.meta.url.endsWith('.ts')
  const main = new URL(fromSource ? './near-sandbox.ts' : './sandbox/near-sandbox.js', import.meta.url)
  const conditions = fromSource ? ['--conditions=@dcml/source'] : []
  return [process.execPath, '--disable-warning=ExperimentalWarning', ...conditions, fileURLToPath(main)]
}
