import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The package's own folder; everything the build reads or writes lies under it. */
const home = fileURLToPath(new URL('../../', import.meta.url))

export const places = {
  glue: join(home, 'c'),
  scripts: join(home, 'src', 'build'),
  wasm: join(home, 'wasm'),
  /** Downloads and scratch folders: never read by anything but the build. */
  cache: join(home, '.cache'),
}
