import { Chain } from '../chain/chain.ts'
import { serveRpc } from '../rpc/server.ts'
import { announce, readHome, withdraw } from './home.ts'

/** Between blocks nobody asked for: clients wait for "the next block" without sending anything. */
const BLOCK_EVERY_MS = 500

/**
 * Runs the chain of a home until the process is told to end. Blocks carry the time of day, as a node's.
 * @throws DcmlError `devchain_home_invalid`, `devchain_listen_failed`, and what the genesis file makes {@link Chain} throw
 */
export async function run(home: string, host: string, port: number): Promise<void> {
  const { options, bodyLimit, viewStateLimit } = readHome(home)
  const chain = new Chain({ ...options, clock: Date.now, mining: { mode: 'interval', ms: BLOCK_EVERY_MS } })
  const server = await serveRpc(chain, {
    host,
    port,
    ...(bodyLimit !== undefined && { bodyLimit }),
    ...(viewStateLimit !== undefined && { viewStateLimit }),
  })
  announce(home, server.url)
  const end = () => {
    withdraw(home)
    process.exit(0)
  }
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, end)
}
