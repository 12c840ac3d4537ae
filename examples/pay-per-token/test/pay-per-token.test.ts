import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { memoryAntiRollback } from '@dcml/channels/testing'
import { parseAmount } from '@dcml/protocol'
import { expect, test } from 'vitest'
import { startPaidHost } from '../../../test/paid-host.ts'

const run = promisify(execFile)
const MILLI = 10n ** 21n
const prices = { ownerInput: MILLI / 10n, ownerOutput: MILLI, hostInput: MILLI / 20n, hostOutput: MILLI / 2n }

test('pays per token through the OpenAI SDK, and Charlie and Bob have it to the yocto', async () => {
  const device = { ...memoryAntiRollback(), name: 'memory', environment: 'development' as const }
  await using host = await startPaidHost({ antiRollback: device, prices })
  const folder = await mkdtemp(join(tmpdir(), 'dcml-example-'))
  try {
    await writeFile(join(folder, 'root.pem'), host.rootPem)
    await writeFile(join(folder, 'alice.key'), host.alice.key.secretKey, { mode: 0o600 })
    const policy = { environment: 'development', imageH: [host.imageH], images: 'any' }
    await writeFile(join(folder, 'policy.json'), JSON.stringify(policy))
    const before = { charlie: host.charlie.balance, bob: host.bob.balance }
    const { stdout } = await run(
      process.execPath,
      ['--conditions=@dcml/source', join(import.meta.dirname, '..', 'pay.ts'), 'What of our liberties?'],
      {
        cwd: folder,
        env: {
          PATH: process.env.PATH,
          ENDPOINT: host.endpoint,
          POLICY: 'policy.json',
          ROOT: 'root.pem',
          MODEL_H: host.modelH,
          NETWORK: host.near.networkId,
          NODE: host.nodeUrl,
          ACCOUNT: host.alice.accountId,
          KEY: 'alice.key',
          CONTRACT: host.contract,
          PROVIDER: host.bob.accountId,
        },
      },
    )
    const said = /deposited 1 NEAR, authorised ([\d.]+ NEAR), spent ([\d.]+ NEAR)\n.*\nsettled ([\d.]+ NEAR)\n$/.exec(
      stdout,
    )
    if (said === null) throw new Error(stdout)
    const [authorised, spent, settled] = said.slice(1).map((text) => parseAmount(text)) as [bigint, bigint, bigint]
    expect(spent).toBeGreaterThan(80n * (prices.ownerOutput + prices.hostOutput))
    // at most a step ahead, and the tokens that the enclave had set aside
    expect(authorised).toBeLessThan(spent + parseAmount('0.06 NEAR'))
    expect(settled).toBe(spent)
    // the owner's part of each price is two thirds of it
    expect(host.charlie.balance - before.charlie).toBe((spent * 2n) / 3n)
    expect(host.bob.balance - before.bob).toBe(spent / 3n)
  } finally {
    await rm(folder, { recursive: true })
  }
})
