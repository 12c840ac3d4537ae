// The relay, alone in its process: a node as `dcml por node` runs it, with its store in the folder that it is given.
import { cutTheSilent } from '@dcml/por'
import { NODE_DEFAULTS, startNode } from '@dcml/por/node'
import { nameOf, RELAY, seedOf, threeNodes } from './por-traffic.ts'

export interface RelayOptions {
  readonly store: string
  /** yoctoNEAR that a neighbour may run up; 0: a voucher with each. */
  readonly credit: bigint
  /** Whether it cuts what falls silent at once. */
  readonly isStrict?: boolean
}

/** What the process took so far, in µs, and holds, in bytes. */
export interface RelayReading {
  readonly cpu: number
  readonly heap: number
}

const options = await new Promise<RelayOptions>((resolve) =>
  process.once('message', (message) => resolve(message as RelayOptions)),
)
const node = await startNode({
  chain: threeNodes(),
  key: seedOf(RELAY),
  account: nameOf(RELAY),
  listen: { host: '127.0.0.1', port: 0 },
  store: options.store,
  config: {
    credit: options.credit,
    rate: { perSecond: 1e6, burst: 1e6 },
    patience: options.isStrict ? cutTheSilent : NODE_DEFAULTS.patience,
  },
})
process.on('message', (order: 'clock' | 'weigh') => {
  if (order === 'weigh') for (let i = 0; i < 3; i++) globalThis.gc!()
  const { user, system } = process.cpuUsage()
  const { heapUsed, external } = process.memoryUsage()
  process.send!({ cpu: user + system, heap: heapUsed + external } satisfies RelayReading)
})
process.on('disconnect', async () => {
  await node.close()
  process.exit()
})
process.send!({ endpoint: `${node.address!.host}:${node.address!.port}` })
