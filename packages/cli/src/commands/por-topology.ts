import { porChain } from '@dcml/near/por'
import { formatAmount, toHex } from '@dcml/protocol'
import type { EdgeFacts, GraphFacts, NodeFacts } from '@dcml/protocol/por'
import { Command } from 'commander'
import { connect, type NearFlags, nearOptions, type PorFlags, porOf, withNear } from '../near-flags.ts'
import { options } from '../options.ts'
import { type Output, printable } from '../output.ts'

/** `dcml por topology`: the network, as its contract has it. */
export const topologyCommand = (output: () => Output): Command =>
  withNear(new Command('topology'))
    .description('nodes and edges, who is disconnected, and what an edge promises and costs')
    .addOption(nearOptions.por())
    .addOption(options.config())
    .addOption(options.json())
    .action(async (flags: NearFlags & PorFlags) => {
      const facts = await porChain({ near: await connect(flags), contract: porOf(flags) }).graph()
      output().result(drawn(facts), { ...facts, nodes: facts.nodes.map((node) => ({ ...node, key: toHex(node.key) })) })
    })

const drawn = ({ nodes, edges, height }: GraphFacts): string =>
  printable([`at block ${height}`, ...nodes.map(nodeLine), ...edges.map(edgeLine)].join('\n'))

const nodeLine = ({ account, endpoint, stake, isolatedSince }: NodeFacts): string =>
  `node ${account}  ${endpoint || 'dials only'}, stake ${formatAmount(stake)}${
    isolatedSince === null ? '' : `, disconnected since ${new Date(Number(isolatedSince / 1_000_000n)).toISOString()}`
  }`

const edgeLine = ({ id, u, v, status, params, depositU, depositV }: EdgeFacts): string =>
  `edge ${id}  ${u} - ${v}  ${status}, ${params.latency} ms, ${formatAmount(params.baseCost)} per request, deposits ${formatAmount(depositU)} and ${formatAmount(depositV)}`
