import type { SimReport } from './report.ts'
import { type Scene, storyOf } from './story.ts'

const TIME = 9

/** Requests are drawn where they are sent from, as the paper does; what else passes between two nodes, between them. */
const spanOf = ({ from, to, text, kind }: Scene): { from: number; to: number; text: string } => {
  if (kind === 'request' || kind === 'mark') return { from, to: from, text }
  const [left, right] = from < to ? [from, to] : [to, from]
  return {
    from: left,
    to: right,
    text: kind === 'cut' ? `x ${text} x` : kind === 'lost' ? `<x ${text} x>` : `<- ${text} ->`,
  }
}

/**
 * A report as a table in the form of the paper's (§5.3): time at the left, a column for each node, what passes between
 * two nodes written between them at the moment that it is sent.
 */
export function drawText(report: SimReport): string {
  const { nodes, scenes } = storyOf(report)
  const lines = scenes.map((scene) => ({ at: scene.at, ...spanOf(scene) }))
  const width = lines.reduce(
    (widest, { from, to, text }) => Math.max(widest, Math.ceil((text.length + 2) / Math.max(1, to - from))),
    Math.max(...nodes.map((name) => name.length), 4) + 2,
  )
  const centre = (column: number): number => TIME + width * column + width / 2
  const place = (line: string, middle: number, text: string): string =>
    line.padEnd(Math.max(line.length, Math.floor(middle - text.length / 2))) + text
  const head = nodes.reduce((line, name, at) => place(line, centre(at), name), 'Time'.padEnd(TIME))
  const rows = lines.map(({ at, from, to, text }) =>
    place(String(at).padEnd(TIME), (centre(from) + centre(to)) / 2, text),
  )
  return `${[head, ...rows].map((line) => line.trimEnd()).join('\n')}\n`
}
