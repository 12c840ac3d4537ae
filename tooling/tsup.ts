import { defineConfig } from 'tsup'

/** The one place that knows the bundler, so that tsup can be swapped in one file (docs/decisions). */
export const library = (entry: string[]): ReturnType<typeof defineConfig> =>
  defineConfig({
    entry,
    format: 'esm',
    target: 'es2024',
    platform: 'neutral',
    external: [/^node:/, /^@dcml\//],
    dts: { compilerOptions: { customConditions: [], types: ['node'] } },
    splitting: true,
    sourcemap: false,
    clean: true,
    treeshake: true,
    removeNodeProtocol: false,
  })
