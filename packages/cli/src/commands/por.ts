import { Command } from 'commander'
import type { Output } from '../output.ts'
import { isolateCommand, requestCommand } from './por-ask.ts'
import { deployCommand } from './por-deploy.ts'
import { edgeCommands, nodeCommands } from './por-edges.ts'
import { nodeCommand } from './por-node.ts'
import { ownCommands } from './por-own.ts'
import { simCommand } from './por-sim.ts'
import { topologyCommand } from './por-topology.ts'

const ORDER = '\nIn order: register, open and confirm edges, node; then request or isolate while it runs.'

/** `dcml por …`: a network in which silence can be proven (paper §8). */
export function porCommand(output: () => Output): Command {
  const commands = [nodeCommand, requestCommand, isolateCommand, topologyCommand, simCommand, deployCommand].map(
    (make) => make(output),
  )
  return [...nodeCommands(output), ...edgeCommands(output), ...commands, ...ownCommands(output)].reduce(
    (group, command) => group.addCommand(command),
    new Command('por').addHelpText('after', ORDER),
  )
}
