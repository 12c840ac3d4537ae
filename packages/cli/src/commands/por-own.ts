import { DcmlError, formatAmount, toHex } from '@dcml/protocol'
import { type EdgeParams, paramsHash } from '@dcml/protocol/por'
import { Command, InvalidArgumentError, Option } from 'commander'
import { options, wholeNumber } from '../options.ts'
import { type Output, printable } from '../output.ts'
import { controlOf } from '../por/control-client.ts'
import type { Edges } from '../por/control-schema.ts'
import { storeOption } from './por-ask.ts'
import { paramsLine, paramsOf, withChanges } from './por-params.ts'

/** `dcml por edges|cut|update|accept`: the edges of a node that runs, and what its operator decides about them. */
export const ownCommands = (output: () => Output): Command[] => [
  running('edges')
    .description('edges of the node that runs: money, what is under way, and what the other ends offer')
    .action(async ({ store }: { store: string }) => {
      const edges = await controlOf(store).edges()
      output().result(edges.map(edgeLines).join('\n') || 'no edges', edges)
    }),
  about('cut')
    .description('cut an edge at once; costs half the penalty at each end (closing one costs nothing)')
    .action(async (edgeId: bigint, { store }: { store: string }) => {
      const { status } = await ownEdge(store, edgeId)
      if (status !== 'active' && status !== 'closing')
        throw new DcmlError('por_edge_inactive', `Edge ${edgeId} is ${status}: there is nothing to cut.`, {
          hint: 'An offer that nobody confirmed is taken back with dcml por cancel.',
        })
      await controlOf(store).cut(edgeId)
      output().result(`edge ${edgeId} is cut; the node brings it to the chain`, { edgeId })
    }),
  withChanges(about('update'))
    .description('offer the other end new terms; what is not said stays. Its operator accepts')
    .addOption(
      new Option('--from <block>', 'block that they hold from (default: about an hour ahead)').argParser(number),
    )
    .action(async (edgeId: bigint, flags: { store: string; from?: bigint } & Partial<EdgeParams>) => {
      const { params } = await ownEdge(flags.store, edgeId)
      const offer = await controlOf(flags.store).update({
        edgeId,
        params: paramsOf(flags, params),
        ...(flags.from !== undefined && { effectiveFrom: flags.from }),
      })
      output().result(
        `offered for edge ${edgeId}, from block ${offer.effectiveFrom}: ${paramsLine(offer.params)}`,
        offer,
      )
    }),
  about('accept')
    .description('look at the terms that the other end offers; --terms takes them up')
    .addOption(new Option('--terms <hash>', 'of the offer, as told without this flag').argParser(hash))
    .action(async (edgeId: bigint, { store, terms }: { store: string; terms?: string }) => {
      const { peer, offered } = await ownEdge(store, edgeId)
      if (terms !== undefined) {
        const taken = await controlOf(store).accept({ edgeId, terms })
        output().result(`edge ${edgeId}, from block ${taken.effectiveFrom}: ${paramsLine(taken.params)}`, taken)
        return
      }
      if (offered === null)
        throw new DcmlError('por_offer_unknown', `${peer} offers no terms for edge ${edgeId}.`, {
          hint: 'It makes an offer again every minute, while both nodes run.',
        })
      const named = toHex(paramsHash(offered.params))
      const line = printable(`${peer} offers: ${paramsLine(offered.params)}, from block ${offered.effectiveFrom}`)
      output().result(`${line}\nTo accept: dcml por accept ${edgeId} --terms ${named}`, { ...offered, terms: named })
    }),
]

const running = (name: string): Command =>
  new Command(name).addOption(storeOption()).addOption(options.config()).addOption(options.json())

const number = (text: string): bigint => BigInt(wholeNumber(text))

const hash = (text: string): string => {
  if (!/^[0-9a-f]{64}$/.test(text)) throw new InvalidArgumentError('not 64 hex digits')
  return text
}

const about = (name: string): Command => running(name).argument('<edge>', 'its number', number)

async function ownEdge(store: string, edgeId: bigint): Promise<Edges[number]> {
  const found = (await controlOf(store).edges()).find((edge) => edge.edgeId === edgeId)
  if (found !== undefined) return found
  throw new DcmlError('por_edge_unknown', `Edge ${edgeId} is none of this node's.`, {
    hint: 'dcml por edges lists those it has.',
  })
}

function edgeLines({ edgeId, peer, status, connected, params, books, offered }: Edges[number]): string {
  const money = books && `${formatAmount(books.balance)} yours, ${books.inflight} under way`
  const about = [status, connected ? 'connected' : 'not connected', ...(money ? [money] : [])].join(', ')
  const news = offered === null ? [] : [`  new terms offered: dcml por accept ${edgeId}`]
  return printable([`edge ${edgeId} with ${peer}  ${about}`, `  ${paramsLine(params)}`, ...news].join('\n'))
}
