/** Paths with fewest edges in a graph of numbered nodes, found from both ends at once: a few hundred steps among thousands. */
export class QuickPaths {
  readonly #ends: readonly (readonly [number, number])[]
  readonly #offsets: Int32Array
  /** Edges of each node, one after another, and where they lead. */
  readonly #around: Int32Array
  readonly #across: Int32Array
  readonly #dead: Uint8Array
  /** Which search reached a node, and over which edge: from the start, and from the goal. */
  readonly #seen: readonly [Int32Array, Int32Array]
  readonly #by: readonly [Int32Array, Int32Array]
  #search = 0

  /** @param ends of each edge, which is named by its position */
  constructor(nodes: number, ends: readonly (readonly [number, number])[]) {
    this.#ends = ends
    this.#dead = new Uint8Array(ends.length)
    this.#seen = [new Int32Array(nodes), new Int32Array(nodes)]
    this.#by = [new Int32Array(nodes), new Int32Array(nodes)]
    this.#offsets = new Int32Array(nodes + 1)
    for (const node of ends.flat()) this.#offsets[node + 1]!++
    for (let node = 0; node < nodes; node++) this.#offsets[node + 1]! += this.#offsets[node]!
    const fill = this.#offsets.slice()
    this.#around = new Int32Array(2 * ends.length)
    this.#across = new Int32Array(2 * ends.length)
    for (const [edge, [u, v]] of ends.entries())
      for (const [node, other] of [
        [u, v],
        [v, u],
      ] as const) {
        this.#across[fill[node]!] = other
        this.#around[fill[node]!++] = edge
      }
  }

  remove(edge: number): void {
    this.#dead[edge] = 1
  }

  /** @returns edges, [] where there is no path of at most `longest` */
  find(start: number, goal: number, longest: number): number[] {
    if (start === goal) return []
    this.#search++
    this.#seen[0][start] = this.#search
    this.#seen[1][goal] = this.#search
    const fronts: [number[], number[]] = [[start], [goal]]
    for (let length = 1; length <= longest && fronts[0].length > 0 && fronts[1].length > 0; length++) {
      const side = fronts[0].length <= fronts[1].length ? 0 : 1
      const next: number[] = []
      for (const node of fronts[side]) {
        const meeting = this.#expand(node, side, next)
        if (meeting !== -1) return this.#joined(start, goal, meeting)
      }
      fronts[side] = next
    }
    return []
  }

  /** Follows the edges of a node. @returns where the searches meet, or -1 */
  #expand(node: number, side: 0 | 1, next: number[]): number {
    const seen = this.#seen[side]
    const search = this.#search
    const last = this.#offsets[node + 1]!
    for (let at = this.#offsets[node]!; at < last; at++) {
      const other = this.#across[at]!
      const edge = this.#around[at]!
      if (seen[other] === search || this.#dead[edge] === 1) continue
      seen[other] = search
      this.#by[side][other] = edge
      if (this.#seen[1 - side]![other] === search) return other
      next.push(other)
    }
    return -1
  }

  #joined(start: number, goal: number, meeting: number): number[] {
    const path: number[] = []
    for (let node = meeting; node !== start; node = this.#other(path[0]!, node)) path.unshift(this.#by[0][node]!)
    for (let node = meeting; node !== goal; node = this.#other(path.at(-1)!, node)) path.push(this.#by[1][node]!)
    return path
  }

  #other(edge: number, node: number): number {
    const [u, v] = this.#ends[edge]!
    return u === node ? v : u
  }
}
