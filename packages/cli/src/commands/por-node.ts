import { mkdirSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { openingProver } from '@dcml/near/model'
import { porChain } from '@dcml/near/por'
import { type NODE_DEFAULTS, startNode } from '@dcml/por/node'
import { runtimeHandlers } from '@dcml/runtime'
import { Command, Option } from 'commander'
import pino, { type Logger } from 'pino'
import { Registry } from 'prom-client'
import { connect, nearOptions, porOf, readAccount, type SignerFlags, withSigner } from '../near-flags.ts'
import { collect, options, parseAddress, portNumber, wholeNumber } from '../options.ts'
import type { Output } from '../output.ts'
import { serveControl } from '../por/control-server.ts'
import { readNodeKey } from '../por/node-key.ts'
import { anyOf } from '../por/runtimes.ts'
import { interrupted } from './interrupted.ts'
import { storeOption } from './por-ask.ts'

interface Flags extends SignerFlags {
  porAccount?: string
  nodeKey: string
  store: string
  listen?: string
  runtime?: string[]
  patience?: number
  guard?: number
  credit?: bigint
  waitCap?: bigint
  poll: number
  metricsPort: number
  logLevel: string
}

/** `dcml por node`: relays, answers and asks until it is ended. */
export function nodeCommand(output: () => Output): Command {
  return withSigner(new Command('node'))
    .description('run a node; its account pays for bringing cuts and vouchers to the chain')
    .addOption(nearOptions.por())
    .requiredOption('--node-key <file>', 'key of the node, as registered')
    .addOption(storeOption())
    .option('--listen <host:port>', 'where neighbours reach it, port 0 for any; without it the node dials only')
    .addOption(
      new Option(
        '--runtime <url>',
        'enclave to answer for, at its admin port; repeatable: all that your account admitted. Its account pays for a call to their model contract where no node has the opening of a channel any more',
      ).argParser(collect),
    )
    .addOption(
      new Option(
        '--patience <ms>',
        'longest to pay out of pocket for a silent neighbour before its edge is cut (default: until it lost more in an hour than a cut costs, 0.05 NEAR)',
      ).argParser(wholeNumber),
    )
    .addOption(new Option('--guard <ms>', 'kept back at each hop (default: 500)').argParser(wholeNumber))
    .addOption(nearOptions.amount('--credit <amount>', 'unpaid fees that a neighbour may run up (default: none)'))
    .addOption(nearOptions.amount('--wait-cap <amount>', 'most to pay out of pocket for one request'))
    .addOption(new Option('--poll <ms>', 'between looks at the chain').argParser(wholeNumber).default(1_000))
    .addOption(
      new Option('--metrics-port <number>', 'local port for /healthz and /metrics, 0 for any')
        .argParser(portNumber)
        .default(9445),
    )
    .addOption(new Option('--log-level <level>').choices(['debug', 'info', 'warn', 'error']).default('info'))
    .addOption(options.config())
    .addOption(options.json())
    .action((flags: Flags) => run(flags, output))
}

async function run(flags: Flags, output: () => Output): Promise<void> {
  const { store, guard, credit, waitCap, poll } = flags
  const account = readAccount(flags)
  const near = await connect(flags)
  const signal = interrupted()
  mkdirSync(store, { recursive: true, mode: 0o700 })
  const metrics = new Registry()
  const log = pino({ level: flags.logLevel }, pino.destination(2))
  const prove = openingProver({ near, account })
  const node = await startNode({
    chain: porChain({ near, account, contract: porOf(flags) }),
    key: readNodeKey(flags.nodeKey),
    account: account.accountId,
    store,
    ...(flags.listen !== undefined && { listen: listenOf(flags.listen) }),
    ...(flags.runtime !== undefined && { apps: anyOf(flags.runtime.map((url) => handlersOf(url, prove, log))) }),
    config: {
      ...(flags.patience !== undefined && { patience: patienceOf(flags.patience) }),
      ...(guard !== undefined && { guard }),
      ...(credit !== undefined && { credit }),
      ...(waitCap !== undefined && { waitCap }),
    },
    poll,
    metrics,
    log,
  })
  const control = await serveControl(node, store)
  const server = createServer(async (request, response) => {
    const isMetrics = request.url === '/metrics'
    response.setHeader('content-type', isMetrics ? metrics.contentType : 'application/json')
    response.end(isMetrics ? await metrics.metrics() : JSON.stringify({ ok: true, account: node.account }))
  })
  await new Promise<void>((resolve, reject) =>
    server.once('error', reject).listen(flags.metricsPort, '127.0.0.1', resolve),
  )
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const address = node.address && `${node.address.host}:${node.address.port}`
  output().result(
    `${node.account} is up${address === null ? ', and dials only' : ` at ${address}`}, metrics ${url}/metrics`,
    { account: node.account, address, url, store },
  )
  const ended = new Promise<null>((resolve) => {
    if (signal.aborted) resolve(null)
    else signal.addEventListener('abort', () => resolve(null))
  })
  const fault = await Promise.race([node.stopped, ended])
  await control.close()
  server.close()
  server.closeAllConnections()
  await node.close()
  if (fault !== null) throw fault
}

/** Answers for an enclave: what it has not been shown of the chain, this node brings. */
const handlersOf = (runtime: string, prove: ReturnType<typeof openingProver>, log: Logger) =>
  runtimeHandlers({
    runtime,
    proveOpening: (opening, from, signal) => prove({ ...opening, from, signal }),
    onFault: ({ code, message }) => log.warn({ code }, message),
  })

/** Waits for so long after a request was late, then cuts. */
const patienceOf =
  (ms: number): typeof NODE_DEFAULTS.patience =>
  ({ lateness }) =>
    lateness < ms ? 'wait' : 'sever'

/** As `parseAddress`, which takes no port 0. */
function listenOf(text: string): { host: string; port: number } {
  const any = /^(.+):0$/.exec(text)
  return any === null ? parseAddress(text) : { ...parseAddress(`${any[1]}:1`), port: 0 }
}
