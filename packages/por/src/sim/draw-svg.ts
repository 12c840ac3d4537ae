import type { SimReport } from './report.ts'
import { type Scene, storyOf } from './story.ts'

const COLUMN = 250
const LEFT = 70
const TOP = 48
const COLOURS: Record<Scene['kind'], string> = {
  request: '#1d4ed8',
  message: '#37474f',
  'late-pay': '#c2410c',
  cut: '#b91c1c',
  lost: '#9ca3af',
  mark: '#37474f',
}

const escaped = (text: string): string =>
  text
    .replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`)
    .replace(/[^\t\n\r\u{20}-\u{d7ff}\u{e000}-\u{fffd}\u{10000}-\u{10ffff}]/gu, '�')

const x = (column: number): number => LEFT + COLUMN * column + COLUMN / 2

const ARROWS = ['request', 'message', 'late-pay'] as const

/** Long waits are drawn short: where each moment lies, from the top. */
function scale(scenes: readonly Scene[]): Map<number, number> {
  const moments = [...new Set(scenes.flatMap(({ at, arrives }) => [at, arrives]))].toSorted((a, b) => a - b)
  const heights = new Map<number, number>()
  let y = TOP + 20
  for (const [index, moment] of moments.entries()) {
    if (index > 0) y += Math.min(60, Math.max(26, (moment - moments[index - 1]!) / 10))
    heights.set(moment, Math.round(y))
  }
  return heights
}

const label = (at: number, y: number, text: string, colour: string, anchor = 'middle'): string =>
  `<text x="${at}" y="${y}" fill="${colour}" stroke="#fff" stroke-width="3" paint-order="stroke" text-anchor="${anchor}">${escaped(text)}</text>`

const cross = (at: number, y: number, colour: string): string =>
  `<path d="M${at - 6} ${y - 6}l12 12m0 -12l-12 12" stroke="${colour}" stroke-width="2.5"/>`

function drawScene(
  { at, arrives, from, to, text, kind }: Scene,
  heights: ReadonlyMap<number, number>,
  lift: number,
): string {
  const colour = COLOURS[kind]
  const [y, end] = [heights.get(at)!, heights.get(arrives)!]
  if (kind === 'mark')
    return `<circle cx="${x(from)}" cy="${y}" r="3" fill="${colour}"/>${label(x(from) - 7, y + 4 - lift, text, colour, 'end')}`
  const middle = (x(from) + x(to)) / 2
  if (kind === 'cut') return cross(middle, y, colour) + label(middle, y - 10 - lift, text, colour)
  const isLost = kind === 'lost'
  const target = isLost ? middle : x(to)
  const line = `<path d="M${x(from)} ${y}L${target} ${end}" stroke="${colour}"${isLost ? ' stroke-dasharray="4 3"' : ` marker-end="url(#${kind})"`}/>`
  return line + (isLost ? cross(target, end, colour) : '') + label(middle, (y + end) / 2 - 5 - lift, text, colour)
}

const marker = (kind: (typeof ARROWS)[number]): string =>
  `<marker id="${kind}" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="8" markerHeight="8" orient="auto"><path d="M0 0L8 4L0 8z" fill="${COLOURS[kind]}" stroke="none"/></marker>`

/**
 * A report as a drawing: nodes as lifelines from top to bottom, messages as arrows from when they are sent to when they
 * arrive, late pay in orange, cuts as red crosses, lost messages dashed. Time is not to scale. The same report gives the
 * same bytes.
 */
export function drawSvg(report: SimReport): string {
  const { nodes, scenes } = storyOf(report)
  const heights = scale(scenes)
  const bottom = Math.max(TOP + 40, ...heights.values()) + 24
  const width = LEFT + COLUMN * nodes.length
  const seen = new Map<string, number>()
  const body = scenes.map((scene) => {
    const place = `${scene.at} ${Math.min(scene.from, scene.to)}`
    const count = seen.get(place) ?? 0
    seen.set(place, count + 1)
    return drawScene(scene, heights, 12 * count)
  })
  const lifelines = nodes.map(
    (name, at) =>
      `<path d="M${x(at)} ${TOP}V${bottom - 10}" stroke="#cbd5e1" stroke-dasharray="2 4"/>` +
      `<text x="${x(at)}" y="${TOP - 14}" text-anchor="middle" font-weight="bold" font-size="14">${escaped(name)}</text>`,
  )
  const times = [...heights].map(([moment, y]) => label(LEFT - 6, y + 4, `${moment}`, '#64748b', 'end'))
  return `${[
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${bottom}" width="${width}" height="${bottom}" font-family="system-ui, sans-serif" font-size="11" fill="none" role="img">`,
    `<title>${escaped(report.name)}</title>`,
    `<defs>${ARROWS.map(marker).join('')}</defs>`,
    `<rect width="${width}" height="${bottom}" fill="#fff"/>`,
    ...lifelines.map((line) => line.replace('<text', '<text fill="#0f172a"')),
    ...times,
    ...body,
    '</svg>',
  ].join('\n')}\n`
}
