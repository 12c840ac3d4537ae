import { existsSync } from 'node:fs'
import { type PorAccount, porAccount } from '@dcml/near/por'
import { nodeKeys } from '@dcml/por/node'
import { DcmlError, formatAmount, toHex } from '@dcml/protocol'
import type { EdgeParams } from '@dcml/protocol/por'
import { Command, type Option } from 'commander'
import {
  amount,
  connect,
  nearOptions,
  type PorFlags,
  porOf,
  readAccount,
  type SignerFlags,
  withSigner,
} from '../near-flags.ts'
import { options, wholeNumber } from '../options.ts'
import type { Output } from '../output.ts'
import { readNodeKey, writeNodeKey } from '../por/node-key.ts'
import { tellSent } from '../sent.ts'
import { interrupted } from './interrupted.ts'
import { paramsLine, paramsOf, withParams } from './por-params.ts'

type Flags = SignerFlags & PorFlags

const calling = (name: string): Command =>
  withSigner(new Command(name)).addOption(nearOptions.por()).addOption(options.config()).addOption(options.json())

const accountOf = async (flags: Flags): Promise<PorAccount> =>
  porAccount({
    contract: porOf(flags),
    account: readAccount(flags),
    near: await connect(flags),
    signal: interrupted(),
  })

/** `dcml por keygen|register|leave`: becoming a node. */
export const nodeCommands = (output: () => Output): Command[] => [
  new Command('keygen')
    .description('make the key that a node signs with')
    .argument('<file>', 'to write; only you can read it')
    .addOption(options.json())
    .action((path: string) => {
      const key = toHex(writeNodeKey(path))
      output().result(`wrote ${path}\nnode key ${key}`, { path, key })
    }),
  calling('register')
    .description('become a node: stake, key, and where neighbours reach it')
    .requiredOption('--node-key <file>', 'made there if it is missing')
    .option('--endpoint <host:port>', 'without it the node dials only', '')
    .addOption(nearOptions.amount('--stake <amount>', 'at stake').makeOptionMandatory())
    .action(async (flags: Flags & { nodeKey: string; endpoint: string; stake: bigint }) => {
      const { nodeKey, endpoint, stake } = flags
      const account = await accountOf(flags)
      const key = existsSync(nodeKey) ? nodeKeys(readNodeKey(nodeKey)).signer.publicKey : writeNodeKey(nodeKey)
      const sent = await account.register({ key, endpoint, stake })
      tellSent(output(), `registered with ${formatAmount(stake)} at stake, node key ${toHex(key)}`, sent)
    }),
  calling('endpoint')
    .description('say where neighbours reach the node from now on')
    .argument('<host:port>')
    .action(async (endpoint: string, flags: Flags) => {
      tellSent(output(), `at ${endpoint}`, await (await accountOf(flags)).update({ endpoint }))
    }),
  calling('leave')
    .description('stop being a node and take the stake out, once no edge is left')
    .action(async (flags: Flags) => {
      tellSent(output(), 'left', await (await accountOf(flags)).withdrawStake())
    }),
]

/** `dcml por open|confirm|…`: edges. */
export const edgeCommands = (output: () => Output): Command[] =>
  [
    withParams(calling('open'))
      .description('offer another node an edge; it connects after the other confirmed')
      .argument('<account>', 'of the other node')
      .addOption(deposit())
      .action(async (peer: string, flags: Flags & EdgeParams & { deposit: bigint }) => {
        const params = paramsOf(flags)
        const { edgeId, ...sent } = await (await accountOf(flags)).openEdge({ peer, params, deposit: flags.deposit })
        tellSent(output(), `edge ${edgeId} is offered to ${peer}: dcml por confirm ${edgeId}`, sent, { edgeId })
      }),
    calling('confirm')
      .description('take up an offer, as it stands')
      .argument('<edge>', 'its number', edgeNumber)
      .addOption(deposit())
      .action(async (edgeId: bigint, flags: Flags & { deposit: bigint }) => {
        const account = await accountOf(flags)
        const offer = await account.edge(edgeId)
        if (offer === null) throw unknownEdge(edgeId)
        const sent = await account.confirmEdge(edgeId, { params: offer.params, deposit: flags.deposit })
        tellSent(output(), `edge ${edgeId} with ${offer.u} is confirmed: ${paramsLine(offer.params)}`, sent)
      }),
    byNumber('cancel', 'take back an offer that nobody confirmed', (account, id) => account.cancelEdge(id)),
    byNumber('close', 'announce that an edge ends; costs nothing', (account, id) => account.startClose(id)),
    byNumber('settle', 'pay out an edge that is closing or cut, by the best vouchers', (account, id) =>
      account.settle(id),
    ),
    byNumber('claim', 'half of a cut’s penalty, from an end that was cut off', (account, id) =>
      account.claimReimbursement(id),
    ),
    calling('deposit')
      .description('add to your side of an edge')
      .argument('<edge>', 'its number', edgeNumber)
      .argument('<amount>', 'such as "1.5 NEAR"', amount)
      .action(async (edgeId: bigint, more: bigint, flags: Flags) => {
        tellSent(output(), `added ${formatAmount(more)}`, await (await accountOf(flags)).deposit(edgeId, more))
      }),
  ].map((command) => (typeof command === 'function' ? command(output) : command))

function byNumber(
  name: string,
  description: string,
  call: (account: PorAccount, id: bigint) => ReturnType<PorAccount['settle']>,
) {
  return (output: () => Output): Command =>
    calling(name)
      .description(description)
      .argument('<edge>', 'its number', edgeNumber)
      .action(async (edgeId: bigint, flags: Flags) => {
        tellSent(output(), `edge ${edgeId}: done`, await call(await accountOf(flags), edgeId))
      })
}

const deposit = (): Option =>
  nearOptions.amount('--deposit <amount>', 'yours: what you can pay over the edge').makeOptionMandatory()

const edgeNumber = (text: string): bigint => BigInt(wholeNumber(text))

const unknownEdge = (edgeId: bigint): DcmlError =>
  new DcmlError('por_edge_unknown', `There is no edge ${edgeId}.`, { hint: 'dcml por topology lists the edges.' })
