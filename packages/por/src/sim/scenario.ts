// What `scenario.json` may say. Times are ms after the start, money is yoctoNEAR as decimal text, nodes go by name.
import { DcmlError } from '@dcml/protocol'
import * as v from 'valibot'

const ms = v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(1e9))
const share = v.pipe(v.number(), v.minValue(0), v.maxValue(1))
const amount = v.pipe(
  v.string(),
  v.regex(/^(0|[1-9]\d{0,37})$/, 'not a decimal amount'),
  v.transform((text) => BigInt(text)),
)
const name = v.pipe(v.string(), v.regex(/^[\w.-]{1,32}$/, 'not a name of letters, digits, `_`, `-` and `.`'))
const pair = v.tuple([name, name])

const behaviour = v.variant('kind', [
  v.strictObject({ kind: v.literal('mute'), from: ms, until: v.optional(ms), towards: v.optional(name) }),
  v.strictObject({ kind: v.literal('ignore'), requester: name }),
  v.strictObject({ kind: v.literal('slow'), delay: ms }),
  v.strictObject({ kind: v.literal('backdate'), delay: ms }),
  v.strictObject({ kind: v.literal('stingy'), of: v.picklist(['late', 'all']) }),
  v.strictObject({ kind: v.literal('garbage'), share }),
  v.strictObject({ kind: v.literal('cutter'), share }),
])

const node = v.strictObject({
  name,
  stake: v.optional(amount, '1000000000000000000000000'),
  /** ms that it waits for a late neighbour, paying, before it cuts (§5.3, §5.5); `profit`: while the edge earns (§5.4). */
  patience: v.optional(v.union([ms, v.literal('profit')]), 'profit'),
  /** ms that its service takes; null for one that never answers. */
  service: v.optional(v.nullable(ms), 0),
  guard: v.optional(ms, 500),
  waitCap: v.optional(amount, '1000000000000000000000000'),
  debtLimit: v.optional(amount, '0'),
  behaviours: v.optional(v.array(behaviour), []),
  clock: v.optional(v.strictObject({ offset: ms, rate: v.pipe(v.number(), v.minValue(0.5), v.maxValue(2)) })),
})

const edge = v.strictObject({
  between: pair,
  latency: ms,
  sync: v.optional(v.pipe(ms, v.minValue(1)), 1000),
  /** When settlements fall: ms after a multiple of `sync`. */
  phase: v.optional(ms, 0),
  baseCost: v.optional(amount, '1000'),
  byteCost: v.optional(amount, '1'),
  lateRate: v.optional(v.tuple([amount, amount]), ['0', '1000000']),
  maxInflight: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(1024)), 256),
  deposit: v.optional(amount, '100000000000000'),
  /** What the link really does; by default what the edge promises. */
  really: v.optional(
    v.strictObject({ latency: ms, jitter: v.optional(ms, 0), loss: v.optional(v.pipe(share, v.maxValue(0.9)), 0) }),
  ),
})

const request = v.strictObject({
  at: ms,
  from: name,
  to: name,
  /** Nodes on the way; by default the cheapest way whose round trip stays within `budget` ms. */
  via: v.optional(v.pipe(v.array(name), v.maxLength(7))),
  budget: v.optional(ms, 60_000),
  payload: v.optional(v.pipe(v.string(), v.maxLength(1024)), ''),
  maxResponse: v.optional(v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(1_048_576)), 1024),
  /** yoctoNEAR per ms. */
  lateRate: v.optional(amount, '1'),
  service: v.optional(ms, 0),
  hold: v.optional(v.pipe(ms, v.maxValue(600_000)), 30_000),
})

const fault = v.variant('kind', [
  v.strictObject({ kind: v.literal('link-down'), between: pair, at: ms, until: v.optional(ms) }),
  v.strictObject({ kind: v.literal('pause'), node: name, at: ms, until: ms }),
  v.strictObject({ kind: v.literal('crash'), node: name, at: ms, until: ms }),
  v.strictObject({ kind: v.literal('cut'), by: name, neighbour: name, at: ms }),
])

const rules = v.strictObject({
  penalty: v.optional(amount, '100000000000000000000000'),
  slashBps: v.optional(amount, '100'),
  bounty: v.optional(amount, '1000000000000000000000'),
  closeNotice: v.optional(ms, 900_000),
  challenge: v.optional(ms, 86_400_000),
  reimbursement: v.optional(ms, 604_800_000),
})

const scenario = v.strictObject({
  name: v.pipe(v.string(), v.maxLength(120)),
  seed: v.optional(v.pipe(v.number(), v.integer()), 1),
  horizon: ms,
  /** ms until the contract has carried out a call. */
  chainDelay: v.optional(ms, 1200),
  rules: v.optional(rules, {}),
  nodes: v.pipe(v.array(node), v.minLength(2), v.maxLength(20_000)),
  edges: v.array(edge),
  requests: v.array(request),
  faults: v.optional(v.array(fault), []),
})

/** A scenario as a file says it. */
export type ScenarioFile = v.InferInput<typeof scenario>
/** A scenario as it is run: amounts are bigint, what was left out has its default. */
export type Scenario = v.InferOutput<typeof scenario>

const invalid = (message: string): DcmlError =>
  new DcmlError('por_scenario_invalid', message, {
    hint: 'Mend that field; the type ScenarioFile of @dcml/por/sim names them all.',
  })

/**
 * Reads a scenario: its fields, and that everything named is there.
 * @throws DcmlError `por_scenario_invalid`, naming the first thing that is wrong
 */
export function readScenario(value: unknown): Scenario {
  const { success, output, issues } = v.safeParse(scenario, value)
  if (!success) throw invalid(`${v.getDotPath(issues[0]) ?? 'The scenario'}: ${issues[0].message}`)
  const names = new Set(output.nodes.map((each) => each.name))
  if (names.size < output.nodes.length) throw invalid('nodes: two nodes have one name.')
  const pairs = new Set<string>()
  for (const [at, { between }] of output.edges.entries()) {
    requireNames(names, between, `edges.${at}.between`)
    const key = between.toSorted().join(' ')
    if (between[0] === between[1] || pairs.has(key)) throw invalid(`edges.${at}.between: ${key} twice.`)
    pairs.add(key)
  }
  const requirePairs = (path: readonly string[], where: string): void => {
    requireNames(names, path, where)
    for (let at = 1; at < path.length; at++)
      if (!pairs.has([path[at - 1]!, path[at]!].toSorted().join(' ')))
        throw invalid(`${where}: no edge between ${path[at - 1]} and ${path[at]}.`)
  }
  for (const [at, { from, via, to }] of output.requests.entries())
    if (via === undefined) requireNames(names, [from, to], `requests.${at}`)
    else requirePairs([from, ...via, to], `requests.${at}.via`)
  for (const [at, each] of output.faults.entries())
    if (each.kind === 'link-down') requirePairs(each.between, `faults.${at}.between`)
    else if (each.kind === 'cut') requirePairs([each.by, each.neighbour], `faults.${at}.neighbour`)
    else requireNames(names, [each.node], `faults.${at}.node`)
  return output
}

function requireNames(names: ReadonlySet<string>, wanted: readonly string[], where: string): void {
  const missing = wanted.find((each) => !names.has(each))
  if (missing !== undefined) throw invalid(`${where}: no node ${missing}.`)
}
