import type { Options } from 'tsup'
import { library } from '../../tooling/tsup.ts'

/** All in one file: what stands in for a binary has no time to look for packages when it starts, and less to parse. */
export default {
  ...(library(['src/sandbox/near-sandbox.ts']) as Options),
  outDir: 'dist/sandbox',
  platform: 'node',
  external: [/^node:/],
  noExternal: [/./],
  clean: false,
  dts: false,
  minify: true,
} satisfies Options
