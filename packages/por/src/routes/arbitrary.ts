// Random graphs for the properties of this folder and of the requester.
import type { EdgeFacts, NodeFacts } from '@dcml/protocol/por'
import fc from 'fast-check'
import { Graph } from './graph.ts'
import { edgeOf, nodeOf } from './samples.ts'

interface Shape {
  readonly nodes: { readonly min: number; readonly max: number }
  readonly edges: { readonly min?: number; readonly max: number }
}

export const nameOf = (index: number): string => `n${index}`

/** Stakes of 0 to 9, costs of 1 to 5, latencies of 10 to 50 ms, rates that exclude some ρ, and edges of every status. */
export const graphs = ({ nodes, edges }: Shape): fc.Arbitrary<Graph> =>
  fc
    .tuple(
      fc.array(fc.bigInt(0n, 9n), { minLength: nodes.min, maxLength: nodes.max }),
      fc.array(fc.tuple(fc.nat(63), fc.nat(63), edge), { minLength: edges.min ?? 0, maxLength: edges.max }),
    )
    .map(([stakes, drawn]) => {
      const facts: EdgeFacts[] = []
      for (const [a, b, { status, activeFrom, depositU, ...params }] of drawn) {
        const [u, v] = [a % stakes.length, b % stakes.length]
        if (u === v) continue
        const id = BigInt(facts.length + 1)
        facts.push({ ...edgeOf(id, nameOf(u), nameOf(v), params), status, activeFrom, depositU, depositV: 5n })
      }
      const named: NodeFacts[] = stakes.map((stake, index) => nodeOf(nameOf(index), stake))
      return Graph.from({ nodes: named, edges: facts, height: 1n }, () => 10n)
    })

const edge = fc.record({
  latency: fc.integer({ min: 1, max: 5 }).map((tens) => tens * 10),
  baseCost: fc.bigInt(1n, 5n),
  byteCost: fc.bigInt(0n, 2n),
  minLateRate: fc.constantFrom(0n, 0n, 0n, 5n),
  status: fc.constantFrom('active', 'active', 'active', 'active', 'active', 'closing', 'severed', 'pending'),
  depositU: fc.constantFrom(0n, 15n, 10n ** 24n, 10n ** 24n),
  activeFrom: fc.constantFrom(0n, 10n, 10n, 11n, null),
}) satisfies fc.Arbitrary<Partial<EdgeFacts> & Partial<EdgeFacts['params']>>
