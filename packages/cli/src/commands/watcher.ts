import { existsSync } from 'node:fs'
import { DcmlError } from '@dcml/protocol'
import { runWatcher } from '@dcml/watcher'
import { Command, InvalidArgumentError, Option } from 'commander'
import pino from 'pino'
import {
  type ContractFlags,
  contractOf,
  nearOptions,
  readAccount,
  type SignerFlags,
  withSigner,
} from '../near-flags.ts'
import { collect, decimal, options, portNumber, wholeNumber } from '../options.ts'
import type { Output } from '../output.ts'
import { interrupted } from './interrupted.ts'

interface RunFlags extends SignerFlags, ContractFlags {
  state: string
  from?: number
  provider?: string[]
  enclave?: Record<string, string>
  finish?: boolean
  metricsPort: number
  poll: number
  retry: number
  warnBefore: number
  urgentBefore: number
  logLevel: string
}

/** `dcml watcher …`: sees closes without approval, and has them answered on time. */
export function watcherCommand(output: () => Output): Command {
  const run = withSigner(new Command('run'))
    .description('watch a contract until ended; the account pays the gas of answers, and needs no other right')
    .addOption(nearOptions.contract())
    .option('--state <file>', 'what to go on from after a restart; public facts only', 'watcher.json')
    .addOption(
      new Option('--from <height>', 'block to read from while there is no state: before the first opening').argParser(
        wholeNumber,
      ),
    )
    .addOption(new Option('--provider <account>', 'watch for this one only; repeatable').argParser(collect))
    .addOption(
      new Option(
        '--enclave <account=url>',
        "attested address of a provider's enclave, or your admin port; repeatable (default: as registered, on the Internet only)",
      ).argParser(enclave),
    )
    .option('--finish', 'also expire channels past their time, and finish what nobody answered')
    .addOption(
      new Option('--metrics-port <number>', 'local port for /healthz and /metrics, 0 for any')
        .argParser(portNumber)
        .default(9444),
    )
    .addOption(new Option('--poll <seconds>', 'between looks at a node').argParser(decimal).default(5))
    .addOption(new Option('--retry <seconds>', 'between attempts of one task').argParser(decimal).default(30))
    .addOption(new Option('--warn-before <minutes>', 'left of the challenge period').argParser(decimal).default(720))
    .addOption(new Option('--urgent-before <minutes>', 'left of it').argParser(decimal).default(180))
    .addOption(new Option('--log-level <level>').choices(['debug', 'info', 'warn', 'error']).default('info'))
    .addOption(options.config())
    .addOption(options.json())
    .action(async (flags: RunFlags) => {
      const { network, node = [], state, finish = false, metricsPort } = flags
      if (network === undefined) throw missing('near_network_missing', 'which NEAR network is meant', '--network ID')
      if (flags.from === undefined && !existsSync(state))
        throw missing('watcher_from_missing', 'where to begin reading', '--from HEIGHT, that of the deployment')
      const signal = interrupted()
      const watcher = await runWatcher({
        chain: { networkId: network, contract: contractOf(flags) },
        nodes: node,
        account: readAccount(flags),
        from: flags.from ?? 0,
        state,
        ...(flags.provider && { hosts: flags.provider }),
        ...(flags.enclave && { enclaves: flags.enclave }),
        finish,
        listen: { host: '127.0.0.1', port: metricsPort },
        times: {
          pollMs: Math.round(flags.poll * 1000),
          retryMs: Math.round(flags.retry * 1000),
          warnBeforeMs: Math.round(flags.warnBefore * 60_000),
          urgentBeforeMs: Math.round(flags.urgentBefore * 60_000),
        },
        logger: pino({ level: flags.logLevel }, pino.destination(2)),
        signal,
      })
      const url = `http://127.0.0.1:${watcher.address?.port}`
      output().result(`watching ${flags.contract}, metrics ${url}/metrics`, { url, contract: flags.contract })
      if (!signal.aborted) await new Promise((stop) => signal.addEventListener('abort', stop))
      await watcher.close()
    })
  return new Command('watcher').addCommand(run)
}

/** Reads `account=url`, repeatable. @throws InvalidArgumentError of commander */
export function enclave(text: string, previous: Record<string, string> = {}): Record<string, string> {
  const match = /^([a-z0-9._-]{2,64})=(https?:\/\/.+)$/.exec(text)
  if (match === null) throw new InvalidArgumentError('not account=url')
  return { ...previous, [match[1]!]: match[2]! }
}

const missing = (code: string, what: string, flags: string): DcmlError =>
  new DcmlError(code, `Nothing says ${what}.`, { hint: `Give ${flags}.` })
