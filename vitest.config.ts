import { defineConfig } from 'vitest/config'

const conditions = ['@dcml/source', 'module', 'node', 'import', 'default']

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions, externalConditions: conditions } },
  test: {
    include: [
      'packages/*/src/**/*.test.ts',
      'packages/*/test/**/*.test.ts',
      'contracts/toolchain/*/src/**/*.test.ts',
      'contracts/toolchain/*/test/**/*.test.ts',
      'contracts/*/src/**/*.test.ts',
      'contracts/*/test/**/*.test.ts',
      'apps/*/src/**/*.test.ts',
      'apps/*/test/**/*.test.ts',
      'examples/*/test/**/*.test.ts',
      'test/**/*.test.ts',
    ],
    pool: 'forks',
    // all cores: the default leaves one idle, which on two is half the machine
    maxWorkers: '100%',
    testTimeout: 60_000,
    hookTimeout: 60_000,
    execArgv: ['--conditions=@dcml/source'],
  },
})
