// One process of the story: node main.ts ROLE. It loads its part, then waits for its stage on standard input, so that
// one can stand ready while another is killed.
import { createInterface } from 'node:readline'
import type { RoleName } from './role.ts'
import type { Stage } from './stage.ts'

const roles: Record<RoleName, () => Promise<(stage: Stage) => Promise<void>>> = {
  chain: async () => (await import('./chain.ts')).runChain,
  runtime: async () => (await import('./runtime.ts')).runRuntime,
  payer: async () => (await import('./payer.ts')).runPayer,
  watcher: async () => (await import('./guard.ts')).runGuard,
}
const run = await roles[process.argv[2] as RoleName]()
for await (const line of createInterface(process.stdin)) await run(JSON.parse(line))
