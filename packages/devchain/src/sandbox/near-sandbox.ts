// Stands in for nearcore's `near-sandbox` binary: same command lines, same files, same RPC.
import { enableCompileCache } from 'node:module'
import { homedir } from 'node:os'
import { parseCommand } from './arguments.ts'

enableCompileCache()

const VERSION = 'neard (release 2.13.0) (build dcml-devchain) (protocol 86) (db 0)'
const HELP = `near-sandbox, as @dcml/devchain runs it

  --home DIR init [--chain-id ID] [--account-id ID]
  --home DIR run [--rpc-addr HOST:PORT]
  --home DIR view-state dump-state [--stream]
  --version`

async function main(args: readonly string[]): Promise<void> {
  const command = parseCommand(args, homedir())
  switch (command.type) {
    case 'version':
      return console.log(VERSION)
    case 'help':
      return console.log(HELP)
    case 'init':
      return (await import('./home.ts')).initHome(command.home, command.chainId, command.accountId)
    case 'run':
      return (await import('./run.ts')).run(command.home, command.host, command.port)
    case 'dump':
      return (await import('./dump.ts')).dumpState(command.home, command.stream)
    case 'unknown':
      console.error(`near-sandbox: there is no command "${command.text}". Try --help.`)
      process.exitCode = 2
  }
}

main(process.argv.slice(2)).catch((error: Error & { hint?: string }) => {
  console.error(`near-sandbox: ${error.message}${error.hint ? ` ${error.hint}` : ''}`)
  process.exit(1)
})
