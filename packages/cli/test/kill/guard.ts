// The watcher, as `dcml watcher run` runs it.
import { join } from 'node:path'
import { accountFromKey } from '@dcml/near'
import { runWatcher } from '@dcml/watcher'
import pino from 'pino'
import { CHAIN_ID, type Stage, say } from './stage.ts'

export async function runGuard({ folder, ports, contract, keys }: Stage): Promise<void> {
  const { accountId, secretKey } = keys.gas
  await runWatcher({
    chain: { networkId: CHAIN_ID, contract },
    nodes: [`http://127.0.0.1:${ports.chain}`],
    account: accountFromKey(accountId, secretKey),
    from: 1,
    state: join(folder, 'watcher.json'),
    enclaves: { [keys.bob.accountId]: `https://127.0.0.1:${ports.runtime}` },
    times: { pollMs: 200, retryMs: 400, answerMs: 3_000, warnBeforeMs: 2_000_000, urgentBeforeMs: 1_000_000 },
    logger: pino({ level: 'info' }, { write: (line: string) => say(JSON.parse(line)) }),
  })
  say({ event: 'ready' })
}
