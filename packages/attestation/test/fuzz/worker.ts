// Runs targets in a thread of its own, whose heap is limited and which can be stopped.
import { parentPort, workerData } from 'node:worker_threads'
import { type Plan, run } from './run.ts'
import type { Target } from './target.ts'

const { targets: file, progress } = workerData as { targets: string; progress: Int32Array }
const { targets } = (await import(file)) as { targets: readonly Target[] }

parentPort!.on('message', async (job: { index: number; plan: Plan } | 'stop') => {
  if (job === 'stop') process.exit()
  const { index, plan } = job
  const begin = (number: number) => {
    progress[0] = number
    progress[1]!++
  }
  parentPort!.postMessage(await run(targets[index]!, plan, begin))
})
parentPort!.postMessage(targets.map(({ name, share = 1, memory, longest }) => ({ name, share, memory, longest })))
