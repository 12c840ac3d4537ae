import { createDevchain, type DevAccount } from '@dcml/devchain'
import { DcmlError, formatAmount } from '@dcml/protocol'
import { Command, Option } from 'commander'
import { collect, options, portNumber, wholeNumber } from '../options.ts'
import type { Output } from '../output.ts'
import { interrupted } from './interrupted.ts'

interface Flags {
  host: string
  port: number
  data?: string
  blockTime: string
  protocolVersion: '86' | '87'
  epochLength: number
  chainId: string
  seed: string
  fund?: string[]
}

const FUNDED = ['alice.test.near', 'bob.test.near', 'charlie.test.near']
const BALANCE = 10_000n * 10n ** 24n

/** `dcml devchain`: a NEAR chain on this machine, with accounts to use at once. */
export function devchainCommand(output: () => Output): Command {
  return (
    new Command('devchain')
      // its own, without the settings of a runtime's attested port
      .option('--host <address>', 'address to listen on', '127.0.0.1')
      .addOption(new Option('--port <number>', 'port of the RPC, 0 for any').argParser(portNumber).default(3030))
      .option('--data <folder>', 'keep the chain there, and go on with it next time')
      .option('--block-time <ms>', 'a block so often; "auto": with every transaction; "manual": only dcml_mine', 'auto')
      .addOption(new Option('--protocol-version <number>', 'of NEAR').choices(['86', '87']).default('86'))
      .addOption(new Option('--epoch-length <heights>', 'heights per epoch').argParser(wholeNumber).default(500))
      .option('--chain-id <id>', 'what status says and signatures are bound to', 'localnet')
      .addOption(
        new Option('--fund <account>', 'make this account too, below test.near; repeatable').argParser(collect),
      )
      .option('--seed <text>', 'what all keys are derived from', 'devchain')
      .addOption(options.config())
      .addOption(options.json())
      .action(async (flags: Flags) => {
        const { host, port, data, epochLength, chainId, seed } = flags
        const funded = [...FUNDED, ...(flags.fund ?? [])]
        const chain = createDevchain({
          chainId,
          epochLength,
          seed,
          mining: mining(flags.blockTime),
          clock: Date.now,
          protocolVersion: flags.protocolVersion === '87' ? 87 : 86,
          accounts: funded.map((accountId) => ({ accountId, balance: BALANCE })),
          ...(data !== undefined && { data }),
        })
        const signal = interrupted() // before anybody reads that it is up, and ends it
        const server = await chain.serve({ host, port })
        const accounts = funded.map((accountId) => shown(chain.account(accountId)))
        const root = shown(chain.root)
        output().result(
          [
            `NEAR devchain, protocol ${flags.protocolVersion}, at block ${chain.head.header.height}: for development. Its keys are public.`,
            `RPC       ${server.url}`,
            `chain id  ${chainId}`,
            ...[root, ...accounts].map(
              ({ accountId, balance, secretKey }) => `${accountId.padEnd(17)} ${balance.padStart(14)}  ${secretKey}`,
            ),
            'Ctrl-C ends it.',
          ].join('\n'),
          { url: server.url, chainId, protocolVersion: Number(flags.protocolVersion), root, accounts },
        )
        if (!signal.aborted) await new Promise((stop) => signal.addEventListener('abort', stop))
        await server.close()
        chain.close()
      })
  )
}

const shown = ({ accountId, balance, key }: DevAccount) => ({
  accountId,
  balance: formatAmount(balance),
  publicKey: key.publicKey,
  secretKey: key.secretKey,
})

/** @throws DcmlError `block_time_invalid` */
function mining(blockTime: string): { mode: 'auto' | 'manual' } | { mode: 'interval'; ms: number } {
  if (blockTime === 'auto' || blockTime === 'manual') return { mode: blockTime }
  if (/^[1-9]\d{0,6}$/.test(blockTime)) return { mode: 'interval', ms: Number(blockTime) }
  throw new DcmlError('block_time_invalid', `"${blockTime}" is no block time.`, {
    hint: 'Give milliseconds, "auto" or "manual".',
  })
}
