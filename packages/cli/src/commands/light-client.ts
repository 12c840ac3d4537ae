import { formatTrustRoot, parseExactJson } from '@dcml/light-client'
import { fetchTrustRoot, type Near } from '@dcml/near'
import { DcmlError } from '@dcml/protocol'
import { Command } from 'commander'
import { formatChecks } from '../checks.ts'
import { makePaid } from '../manifest.ts'
import { type ContractFlags, connect, contractOf, type NearFlags, nearOptions, withNear } from '../near-flags.ts'
import { type Judged, judgeItem } from '../near-items.ts'
import { options, readBytes } from '../options.ts'
import { type Output, printable } from '../output.ts'

/** `dcml light-client …`: did this happen on NEAR? */
export function lightClientCommand(output: () => Output): Command {
  const check = new Command('check')
    .description('judge NEAR light client blocks and execution proofs offline')
    .argument('<file...>', 'JSON: an item or a list of them, as in the public test vectors, or an answer of RPC')
    .option('--block-root <hash>', 'block root of a trusted head, for proofs that come without one')
    .addOption(options.json())
    .action(async (files: readonly string[], { blockRoot }: { blockRoot?: string }) => {
      const items = []
      for (const file of files)
        for (const [index, item] of itemsOf(file).entries())
          items.push({ file, index, ...(await judgeItem(item, blockRoot)) })
      const ok = items.every((item) => item.ok === (item.expected ?? true))
      output().result(items.map(formatItem).join('\n\n'), { ok, items })
      if (!ok) process.exitCode = 1
    })

  const trustRoot = withNear(new Command('trust-root'))
    .description('where a light client may start, for the manifest of a paid image: compare its hash elsewhere')
    .option('--manifest <file>', 'write it into this image manifest, with --contract, and tell its imageH')
    .addOption(nearOptions.contract())
    .addOption(options.config())
    .addOption(options.json())
    .action(async (flags: NearFlags & ContractFlags & { manifest?: string }) => {
      const { node = [], manifest } = flags
      const near = await connect({ ...flags, node: node.slice(0, 1) })
      const root = await fetchTrustRoot(near)
      const { height, timestamp } = root.head.innerLite
      for (const url of node.slice(1))
        await requireBlock(await connect({ ...flags, node: [url] }), height, root.headHash)
      const trustRoot = formatTrustRoot(root)
      const time = new Date(Number(timestamp / 1_000_000n)).toISOString()
      output().note(
        `block ${height} of ${time}, hash ${root.headHash}, from ${node.length === 1 ? '1 node' : `${node.length} nodes`}`,
      )
      const told = { trustRoot, hash: root.headHash, height, time, nodes: node.length }
      if (manifest === undefined) return output().result(trustRoot, told)
      const imageH = makePaid(manifest, {
        network: { networkId: near.networkId, contract: contractOf(flags) },
        trustRoot,
      })
      output().result(`${manifest} is paid through ${contractOf(flags)}; its imageH is ${imageH}`, { ...told, imageH })
    })

  return new Command('light-client').addCommand(check).addCommand(trustRoot)
}

/** @throws DcmlError `trust_root_disputed` */
async function requireBlock(near: Near, height: number, hash: string): Promise<void> {
  const { header } = (await near.request('block', { block_id: height })) as { header?: { hash?: unknown } }
  if (header?.hash === hash) return
  throw new DcmlError('trust_root_disputed', `The nodes disagree about block ${height}.`, {
    hint: 'One of them lies or is on another network. Trust none before you know which.',
  })
}

/** @throws DcmlError `file_unreadable`, `json_invalid`, `near_items_none` */
function itemsOf(file: string): unknown[] {
  const json = parseExactJson(readBytes(file))
  const items = Array.isArray(json) ? json : [json]
  if (items.length === 0)
    throw new DcmlError('near_items_none', `${file} holds no item.`, {
      hint: 'Nothing was proven. Check that this is the right file.',
    })
  return items
}

function formatItem({
  file,
  index,
  description,
  ok,
  verdict,
  reason,
  expected,
  checks,
}: Judged & { file: string; index: number }): string {
  const surprise =
    expected === undefined || expected === ok ? '' : `, but the file says ${expected ? 'valid' : 'invalid'}`
  const title = printable(`${file} [${index}]${description === undefined ? '' : ` ${description}`}`)
  const lines = checks.length === 0 ? [] : [printable(formatChecks(checks))]
  return [
    title,
    ...lines,
    `${ok ? verdict.toUpperCase() : `REFUSED (${verdict})`}${surprise}: ${printable(reason)}`,
  ].join('\n')
}
