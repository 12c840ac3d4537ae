// The model in double precision over a tape of scalars: slow, and with no line in common with the engine. Gradients
// come from the tape, not from formulas.
import { type ModelConfig, NORM_EPSILON, ROPE_BASE } from '../src/model/config.ts'
import { parameters } from '../src/model/parameters.ts'

type Node = number

class Tape {
  readonly value: number[] = []
  readonly #inputs: [Node, number][][] = []

  push(value: number, inputs: [Node, slope: number][] = []): Node {
    this.#inputs.push(inputs)
    return this.value.push(value) - 1
  }
  add(a: Node, b: Node): Node {
    return this.push(this.value[a]! + this.value[b]!, [[a, 1], [b, 1]]) // biome-ignore format: one pair per input
  }
  mul(a: Node, b: Node): Node {
    return this.push(this.value[a]! * this.value[b]!, [[a, this.value[b]!], [b, this.value[a]!]]) // biome-ignore format: as above
  }
  scale(a: Node, by: number): Node {
    return this.push(this.value[a]! * by, [[a, by]])
  }
  apply(a: Node, f: (x: number) => number, slope: (x: number, y: number) => number): Node {
    const x = this.value[a]!
    const y = f(x)
    return this.push(y, [[a, slope(x, y)]])
  }
  sum(nodes: Node[]): Node {
    return this.push(nodes.reduce((total, node) => total + this.value[node]!, 0), nodes.map((node) => [node, 1])) // biome-ignore format: short
  }
  exp(a: Node): Node {
    return this.apply(a, Math.exp, (_, y) => y)
  }
  log(a: Node): Node {
    return this.apply(a, Math.log, (x) => 1 / x)
  }
  inverse(a: Node): Node {
    return this.apply(a, (x) => 1 / x, (_, y) => -y * y) // biome-ignore format: short
  }
  /** d root / d node for every node. */
  gradients(root: Node): Float64Array {
    const slopes = new Float64Array(this.value.length)
    slopes[root] = 1
    for (let node = root; node >= 0; node--) {
      for (const [input, slope] of this.#inputs[node]!) slopes[input]! += slopes[node]! * slope
    }
    return slopes
  }
}

/** Loss, logits of every position and gradient of every weight, all in f64. */
export function reference(config: ModelConfig, weights: ArrayLike<number>, ids: Uint32Array, targets: Uint32Array) {
  const tape = new Tape()
  for (let i = 0; i < weights.length; i++) tape.push(weights[i]!)
  const logits: Node[][] = []
  const losses: Node[] = []
  for (let start = 0; start < ids.length; start += config.context) {
    const rows = forward(tape, config, ids.subarray(start, start + config.context))
    for (const [t, row] of rows.entries()) {
      const total = tape.log(tape.sum(row.map((node) => tape.exp(node))))
      losses.push(tape.add(total, tape.scale(row[targets[start + t]!]!, -1)))
      logits.push(row)
    }
  }
  const loss = tape.scale(tape.sum(losses), 1 / losses.length)
  return {
    loss: tape.value[loss]!,
    logits: logits.map((row) => row.map((node) => tape.value[node]!)),
    gradients: tape.gradients(loss).subarray(0, weights.length),
  }
}

function forward(tape: Tape, config: ModelConfig, ids: Uint32Array): Node[][] {
  const { dim, heads, layers } = config
  const size = dim / heads
  const offsets = new Map(parameters(config).map(({ name, offset }) => [name, offset]))
  const weight = (name: string) => offsets.get(`${name}.weight`)!
  const linear = (x: Node[], name: string, outputs: number) =>
    Array.from({ length: outputs }, (_, o) =>
      tape.sum(x.map((node, i) => tape.mul(node, weight(name) + o * x.length + i))),
    )
  const norm = (x: Node[], name: string) => {
    const mean = tape.scale(tape.sum(x.map((node) => tape.mul(node, node))), 1 / dim)
    const scale = tape.apply(mean, (m) => (m + NORM_EPSILON) ** -0.5, (m) => -0.5 * (m + NORM_EPSILON) ** -1.5) // biome-ignore format: short
    return x.map((node, i) => tape.mul(tape.mul(node, scale), weight(name) + i))
  }
  const rope = (x: Node[], position: number) =>
    x.map((node, i) => {
      const angle = position * ROPE_BASE ** (-((i % size) & ~1) / size)
      const other = tape.scale(x[i ^ 1]!, i % 2 === 0 ? -Math.sin(angle) : Math.sin(angle))
      return tape.add(tape.scale(node, Math.cos(angle)), other)
    })
  let stream = [...ids].map((id) => Array.from({ length: dim }, (_, i) => weight('token_embd') + id * dim + i))
  for (let layer = 0; layer < layers; layer++) {
    const name = (part: string) => `blk.${layer}.${part}`
    const normed = stream.map((x) => norm(x, name('attn_norm')))
    const q = normed.map((x, t) => rope(linear(x, name('attn_q'), dim), t))
    const k = normed.map((x, t) => rope(linear(x, name('attn_k'), dim), t))
    const v = normed.map((x) => linear(x, name('attn_v'), dim))
    stream = stream.map((x, t) => {
      const out: Node[] = []
      for (let head = 0; head < heads; head++) {
        const cut = (row: Node[]) => row.slice(head * size, (head + 1) * size)
        const scores = k
          .slice(0, t + 1)
          .map((key) =>
            tape.exp(tape.scale(tape.sum(cut(key).map((n, i) => tape.mul(n, cut(q[t]!)[i]!))), size ** -0.5)),
          )
        const inverse = tape.inverse(tape.sum(scores))
        for (let i = 0; i < size; i++) {
          out.push(tape.mul(inverse, tape.sum(scores.map((score, s) => tape.mul(score, cut(v[s]!)[i]!)))))
        }
      }
      return linear(out, name('attn_output'), dim).map((node, i) => tape.add(node, x[i]!))
    })
    stream = stream.map((x) => {
      const normedRow = norm(x, name('ffn_norm'))
      const up = linear(normedRow, name('ffn_up'), config.ff)
      const hidden = linear(normedRow, name('ffn_gate'), config.ff).map((gate, i) => {
        const sigmoid = tape.inverse(tape.apply(gate, (g) => 1 + Math.exp(-g), (g) => -Math.exp(-g))) // biome-ignore format: short
        return tape.mul(tape.mul(gate, sigmoid), up[i]!)
      })
      return linear(hidden, name('ffn_down'), dim).map((node, i) => tape.add(node, x[i]!))
    })
  }
  return stream.map((x) => linear(norm(x, 'output_norm'), 'output', config.vocab))
}
