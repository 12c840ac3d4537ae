import { parseExactJson } from '@dcml/light-client'
import { DcmlError } from '@dcml/protocol'
import { Command } from 'commander'
import { formatChecks } from '../checks.ts'
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

  return new Command('light-client').addCommand(check)
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
