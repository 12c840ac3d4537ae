import { DcmlError } from '@dcml/protocol'
import { Command, CommanderError } from 'commander'
import manifest from '../package.json' with { type: 'json' }
import { interruption } from './commands/interrupted.ts'
import { createOutput, type Output, printError } from './output.ts'
import { applySettings, readSettings } from './settings.ts'

type Make = (output: () => Output) => Command

/** What `dcml --help` lists. Only the command that was typed is loaded: a host's runtime is no weight on a hash. */
const commands: Record<string, { description: string; load: () => Promise<Make>; hidden?: boolean }> = {
  model: {
    description: 'seal, name and seed models',
    load: async () => (await import('./commands/model.ts')).modelCommand,
  },
  runtime: { description: 'host a model', load: async () => (await import('./commands/runtime.ts')).runtimeCommand },
  chat: {
    description: 'verify a host, ask it, check its receipts',
    load: async () => (await import('./commands/chat.ts')).chatCommand,
  },
  verify: {
    description: 'judge evidence of any service, from a file or live',
    load: async () => (await import('./commands/verify.ts')).verifyCommand,
  },
  attest: {
    description: 'verify evidence of a TEE',
    load: async () => (await import('./commands/attest.ts')).attestCommand,
  },
  'tcb-status': {
    description: 'which firmware of a TDX platform is short, and what raises it',
    load: async () => (await import('./commands/tcb-status.ts')).tcbStatusCommand,
  },
  receipt: {
    description: 'read and judge receipts',
    load: async () => (await import('./commands/receipt.ts')).receiptCommand,
  },
  'light-client': {
    description: 'judge blocks and proofs of NEAR',
    load: async () => (await import('./commands/light-client.ts')).lightClientCommand,
  },
  contract: {
    description: 'a model’s contract: deploy, price, income',
    load: async () => (await import('./commands/contract.ts')).contractCommand,
  },
  provider: {
    description: 'host a model for money: offer, collateral, enclaves',
    load: async () => (await import('./commands/provider.ts')).providerCommand,
  },
  channel: {
    description: 'pay for a model: open, top up, close, carry to where there is no network',
    load: async () => (await import('./commands/channel.ts')).channelCommand,
  },
  watcher: {
    description: 'have forced closes answered on time',
    load: async () => (await import('./commands/watcher.ts')).watcherCommand,
  },
  por: {
    description: 'Proof of Response: run a node, ask others, prove silence',
    load: async () => (await import('./commands/por.ts')).porCommand,
  },
  near: {
    description: 'typed clients of NEAR contracts',
    load: async () => (await import('./commands/near.ts')).nearCommand,
  },
  devchain: {
    description: 'a NEAR chain on this machine, for development',
    load: async () => (await import('./commands/devchain.ts')).devchainCommand,
  },
  train: {
    description: 'train a small model, the same bytes every time',
    load: async () => (await import('./commands/train.ts')).trainCommand,
  },
  demo: {
    description: 'everything above with simulated TEEs, and attacks that are refused',
    load: async () => (await import('./commands/demo.ts')).demoCommand,
  },
  config: { description: 'settings', load: async () => (await import('./commands/config.ts')).configCommand },
  'demo-relay': {
    description: 'the attacker of a demo act',
    load: async () => (await import('./commands/demo.ts')).relayCommand,
    hidden: true,
  },
}

/** Runs one command line. Exit codes: 0 done, 1 failed or refused, 2 the command line is wrong, 128 + n signal n. */
export async function run(argv: readonly string[]): Promise<number> {
  const json = argv.includes('--json')
  const output = () => createOutput({ json })
  const program = new Command('dcml')
    .description('Decentralized Confidential Machine Learning')
    .version(manifest.version)
    .hook('preAction', (_, command) => applySettings(command, readSettings(command.opts().config)))
  for (const [name, { description, load, hidden = false }] of Object.entries(commands)) {
    const command = argv[0] === name ? (await load())(output) : new Command(name)
    program.addCommand(command.description(description), { hidden })
  }
  for (const command of everyCommand(program)) command.exitOverride().showHelpAfterError('(--help lists the options)')

  try {
    await program.parseAsync(argv, { from: 'user' })
    return Number(process.exitCode ?? 0)
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return 0
    if (error instanceof CommanderError) {
      if (json) printError(wrongCommandLine(error), { json }) // people have read it already
      return 2
    }
    const ended = interruption()
    printError(ended?.error ?? error, { json })
    return ended?.exitCode ?? 1
  }
}

const wrongCommandLine = ({ code, message }: CommanderError): DcmlError =>
  new DcmlError('usage_invalid', code === 'commander.help' ? 'A command is missing.' : message, {
    hint: 'Add --help to see what the command takes.',
  })

function* everyCommand(command: Command): Generator<Command> {
  yield command
  for (const child of command.commands) yield* everyCommand(child)
}
