// Where a Chromium is, without starting one.
import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable', 'chrome']

const isExecutable = (path: string): boolean => {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}

/** Path of `$CHROMIUM`, or else of the first Chromium on the PATH. */
export function findChromium(): string | undefined {
  const folders = ['/usr/bin', ...(process.env.PATH ?? '').split(delimiter)]
  const given = process.env.CHROMIUM
  return (given ? [given] : NAMES.flatMap((name) => folders.map((folder) => join(folder, name)))).find(isExecutable)
}
