// Nodes in a row, each with an edge to the next, on loopback.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pino from 'pino'
import { Registry } from 'prom-client'
import { nodeKeys } from '../keys.ts'
import type { NodeOptions, PorNode } from '../options.ts'
import { startNode } from '../start.ts'
import { MemoryChain } from './memory-chain.ts'

export const seedOf = (index: number): Uint8Array => new Uint8Array(32).fill(index + 1)
export const nameOf = (index: number): string => `n${index}.testnet`

/** A folder that is gone after the tests. */
export interface Folder {
  readonly path: string
  remove(): void
}

export function temporaryFolder(): Folder {
  const path = mkdtempSync(join(tmpdir(), 'dcml-por-'))
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) }
}

export interface Line {
  readonly chain: MemoryChain
  readonly nodes: PorNode[]
  readonly registries: Registry[]
  storeOf(index: number): string
  /** Starts node `index` again, from its store. */
  restart(index: number): Promise<PorNode>
  close(): Promise<void>
}

const silent = pino({ level: process.env.DCML_LOG ?? 'silent' })

/** Starts nodes 0 to `count - 1`; edge n is between node n - 1, which opened it, and node n. */
export async function startLine(
  count: number,
  options: (index: number) => Partial<NodeOptions> = () => ({}),
  chain = new MemoryChain(),
): Promise<Line> {
  const folder = temporaryFolder()
  const nodes: PorNode[] = []
  const registries: Registry[] = []
  const storeOf = (index: number): string => join(folder.path, `${index}`)
  const start = async (index: number): Promise<PorNode> => {
    registries[index] = new Registry()
    nodes[index] = await startNode({
      chain,
      key: seedOf(index),
      account: nameOf(index),
      listen: { host: '127.0.0.1', port: 0 },
      store: storeOf(index),
      poll: 50,
      log: silent,
      metrics: registries[index],
      ...options(index),
    })
    const { address } = nodes[index]
    chain.register(
      nameOf(index),
      nodeKeys(seedOf(index)).signer.publicKey,
      address ? `${address.host}:${address.port}` : '',
    )
    return nodes[index]
  }
  for (let index = 0; index < count; index++) await start(index)
  for (let index = 1; index < count; index++) chain.open(BigInt(index), nameOf(index - 1), nameOf(index))
  return {
    chain,
    nodes,
    registries,
    storeOf,
    restart: start,
    async close() {
      for (const node of nodes) await node.close()
      folder.remove()
    },
  }
}

/** Until something is so; the test's own deadline ends the wait. */
export async function until(isSo: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await isSo())) await new Promise((resolve) => setTimeout(resolve, 10))
}

export const areConnected = (...nodes: readonly PorNode[]): Promise<void> =>
  until(() => nodes.every((node) => node.edges().length > 0 && node.edges().every(({ connected }) => connected)))
