// One process of the story: node main.ts ROLE STAGE
import { stageOf } from './stage.ts'

const roles = {
  chain: async () => (await import('./chain.ts')).runChain,
  runtime: async () => (await import('./runtime.ts')).runRuntime,
  payer: async () => (await import('./payer.ts')).runPayer,
  watcher: async () => (await import('./guard.ts')).runGuard,
}
const run = await roles[process.argv[2] as keyof typeof roles]()
await run(stageOf(process.argv))
