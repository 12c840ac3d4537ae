import { Command, CommanderError } from 'commander'
import manifest from '../package.json' with { type: 'json' }
import { attestCommand } from './commands/attest.ts'
import { configCommand } from './commands/config.ts'
import { modelCommand } from './commands/model.ts'
import { createOutput, printError } from './output.ts'
import { applySettings, readSettings } from './settings.ts'

/** Exit codes: 0 done, 1 failed or refused, 2 the command line is wrong. */
export async function run(argv: readonly string[]): Promise<number> {
  const json = argv.includes('--json')
  const output = () => createOutput({ json })
  const program = new Command('dcml')
    .description('Decentralized Confidential Machine Learning')
    .version(manifest.version)
    .hook('preAction', (_, command) => applySettings(command, readSettings(command.opts().config)))
  for (const make of [modelCommand, attestCommand, configCommand]) program.addCommand(make(output))
  for (const command of everyCommand(program)) command.exitOverride().showHelpAfterError('(--help lists the options)')

  try {
    await program.parseAsync(argv, { from: 'user' })
    return Number(process.exitCode ?? 0)
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2
    printError(error, { json })
    return 1
  }
}

function* everyCommand(command: Command): Generator<Command> {
  yield command
  for (const child of command.commands) yield* everyCommand(child)
}
