// What of a report is worth drawing, in the words of the paper's tables (§5.3 to §5.5).
import type { SimEvent, SimReport } from './report.ts'

/** One line of a drawing: at one node, or between two. */
export interface Scene {
  readonly at: number
  readonly arrives: number
  /** Positions in the list of nodes; equal for what one node does. */
  readonly from: number
  readonly to: number
  readonly text: string
  readonly kind: 'request' | 'message' | 'late-pay' | 'cut' | 'lost' | 'mark'
}

type Drawn = Pick<Scene, 'text' | 'kind'>

/** The scenes of a report, in order of time, and the nodes that take part in them. */
export function storyOf(report: SimReport): { readonly nodes: readonly string[]; readonly scenes: readonly Scene[] } {
  const scenes = scenesOf(report)
  const involved = new Set(scenes.flatMap(({ from, to }) => [from, to]))
  const nodes = report.nodes.filter((_, at) => involved.has(at))
  const column = (at: number): number => nodes.indexOf(report.nodes[at]!)
  return { nodes, scenes: scenes.map((scene) => ({ ...scene, from: column(scene.from), to: column(scene.to) })) }
}

function scenesOf({ nodes, events }: SimReport): Scene[] {
  const position = new Map(nodes.map((name, at) => [name, at]))
  const scenes: Scene[] = []
  for (const event of withDues(events)) {
    const drawn = draw(event, events)
    if (drawn === null || isTold(event, events)) continue
    const from = position.get(event.node)!
    const to = drawn.kind === 'mark' ? from : position.get(event.to!)!
    scenes.push({ at: event.at, arrives: event.arrives ?? event.at, from, to, ...drawn })
  }
  return scenes
}

type Told = SimEvent | (Omit<SimEvent, 'what'> & { readonly what: 'due' })

const isResult = ({ what }: Told): boolean => what === 'response' || what === 'broken'

/** Adds the moments at which a sender still had no result. */
function withDues(events: readonly SimEvent[]): Told[] {
  const dues = events.flatMap((event): Told[] => {
    const { node, to, request, due } = event
    const isAnswered = (other: SimEvent): boolean =>
      isResult(other) && other.to === node && other.request === request && (other.arrives ?? Infinity) <= due!
    if (event.what !== 'request' || request === undefined || events.some(isAnswered)) return []
    return [{ at: due!, node, to: to!, request, what: 'due' }]
  })
  return [...dues, ...events].toSorted((a, b) => a.at - b.at)
}

/** Whether another line tells it: a settlement of both ends, or one that goes with the result of the last request. */
function isTold(event: Told, events: readonly SimEvent[]): boolean {
  if (event.what !== 'sync') return false
  const at = events.indexOf(event as SimEvent)
  const weight = ({ owed = 0n, amount = 0n }: Told): bigint => owed + amount
  return events.some((other, index) => {
    if (other === event || other.at !== event.at || other.edge !== event.edge) return false
    if (other.node === event.node) return isResult(other) && weight(event) === 0n
    if (other.what !== 'sync') return false
    return weight(other) > weight(event) || (weight(other) === weight(event) && index < at)
  })
}

function draw(event: Told, events: readonly SimEvent[]): Drawn | null {
  const { node, to, amount = 0n } = event
  const kind = event.arrives === undefined ? 'lost' : amount > 0n ? 'late-pay' : 'message'
  switch (event.what) {
    case 'request': {
      const isFirst = events.find((each) => each.what === 'request' && each.request === event.request) === event
      return { text: isFirst ? 'Send request' : 'Forward request', kind: kind === 'lost' ? 'lost' : 'request' }
    }
    case 'due':
      return { text: 'Response due', kind: 'mark' }
    case 'sync':
      if (amount > 0n) return { text: `sync, ${node} pays`, kind }
      return { text: (event.owed ?? 0n) > 0n ? `sync, ${node} DOESN’T PAY` : 'sync, no late payment', kind }
    case 'response':
    case 'broken': {
      const what = event.what === 'response' ? 'response' : 'edge'
      if (amount > 0n) return { text: `${node} pays + ${what}`, kind }
      const says = `${node} sends ${event.what === 'response' ? 'response' : 'proof of edge'}`
      return { text: isLate(event, events) ? `${says}, DOESN’T PAY` : says, kind }
    }
    case 'refuse':
      return { text: `${node} refuses`, kind }
    case 'severed':
      return { text: `cut by ${node}`, kind: 'cut' }
    case 'drop':
      return { text: `ends the session with ${to}`, kind: 'mark' }
    case 'outcome':
      return { text: OUTCOMES[event.detail as keyof typeof OUTCOMES], kind: 'mark' }
    default:
      return null
  }
}

const OUTCOMES = { response: 'Has response', broken: 'Has proof', refused: 'Was refused' }

/** Whether a result is sent after it was due at its receiver. */
const isLate = ({ at, to, edge, request }: Told, events: readonly SimEvent[]): boolean =>
  events.some(
    (each) =>
      each.what === 'request' && each.node === to && each.edge === edge && each.request === request && each.due! < at,
  )
