// Random valid modules, from a stream of choices, so that fast-check can shrink them. Each comes in two forms of the
// same program: as it is, and counting its own operators one by one, which is the reference for metered gas.

export interface Program {
  readonly plain: Uint8Array
  /** With a global `count` (i64) exported: operators executed so far, bulk ones as NEAR prices them. */
  readonly counted: Uint8Array
}

type Type = 'i32' | 'i64' | 'f32' | 'f64'

const TYPES: readonly Type[] = ['i32', 'i64', 'f32', 'f64']
const BYTE = { i32: 0x7f, i64: 0x7e, f32: 0x7d, f64: 0x7c }
const SIZE = { i32: 4, i64: 8, f32: 4, f64: 8 }
/** Base price of a bulk operator in operators. */
const BULK = 32
const COUNTER = 4

/** Functions by their results; parameters are (i32, i64) for all but the first, `main`. */
const FUNCTIONS: readonly (Type | null)[] = [null, 'i32', 'i64', 'f64', null]
const LOCALS: readonly Type[] = ['i32', 'i64', 'f32', 'f64', 'i32', 'i32', 'i32']
/** Local indices after the parameters: the last three count loops. */
const LOOP_LOCALS = [4, 5, 6]

export function program(choices: Uint8Array): Program {
  return { plain: new Builder(choices, false).module(), counted: new Builder(choices, true).module() }
}

function leb(value: number): number[] {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...leb(value >>> 7)]
}

function sleb(value: bigint): number[] {
  const low = Number(value & 0x7fn)
  const rest = value >> 7n
  const done = (rest === 0n && low < 0x40) || (rest === -1n && low >= 0x40)
  return done ? [low] : [low | 0x80, ...sleb(rest)]
}

const vector = (items: readonly (readonly number[])[]) => [...leb(items.length), ...items.flat()]
const section = (id: number, payload: readonly number[]) => [id, ...leb(payload.length), ...payload]
const text = (value: string) => [...leb(value.length), ...new TextEncoder().encode(value)]

class Builder {
  readonly #choices: Uint8Array
  readonly #counting: boolean
  #at = 0
  #out: number[] = []
  #function = 0
  #loops = 0

  constructor(choices: Uint8Array, counting: boolean) {
    this.#choices = choices
    this.#counting = counting
  }

  module(): Uint8Array {
    const bodies = FUNCTIONS.map((result, index) => this.#body(index, result))
    const results = (type: Type | null) => (type === null ? [0] : [1, BYTE[type]])
    const types = FUNCTIONS.map((type, i) => [0x60, ...(i === 0 ? [0] : [2, 0x7f, 0x7e]), ...results(type)])
    const host = [0x60, 1, 0x7e, 1, 0x7e]
    const indices = FUNCTIONS.map((_, i) => [i])
    const zeros = { i32: [0x41, 0], i64: [0x42, 0], f32: [0x43, 0, 0, 0, 0], f64: [0x44, 0, 0, 0, 0, 0, 0, 0, 0] }
    const globals = [...TYPES, ...(this.#counting ? (['i64'] as const) : [])].map((type) => [
      BYTE[type],
      1,
      ...zeros[type],
      0x0b,
    ])
    const exports = [
      [...text('main'), 0, 1],
      [...text('memory'), 2, 0],
    ]
    if (this.#counting) exports.push([...text('count'), 3, COUNTER])
    return Uint8Array.from([
      ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
      ...section(1, vector([...types, host])),
      ...section(2, vector([[...text('env'), ...text('host'), 0, FUNCTIONS.length]])),
      ...section(3, vector(indices)),
      ...section(4, [1, 0x70, 1, 4, 8]),
      ...section(5, [1, 1, ...leb(1024), ...leb(2048)]),
      ...section(6, vector(globals)),
      ...section(7, vector(exports)),
      ...section(9, [1, 0, 0x41, 0, 0x0b, ...vector([[5], [3]])]),
      ...section(12, [1]),
      ...section(10, vector(bodies.map((body) => [...leb(body.length), ...body]))),
      ...section(11, [1, 1, ...text('passive data')]),
    ])
  }

  #body(index: number, result: Type | null): number[] {
    this.#out = []
    this.#function = index
    this.#loops = 0
    const params: Type[] = index === 0 ? [] : ['i32', 'i64']
    const bytes = [...params, ...LOCALS].reduce((sum, type) => sum + SIZE[type], 64)
    this.#count(Math.ceil(bytes / 8))
    const statements = 2 + this.#choose(10)
    for (let i = 0; i < statements; i++) this.#statement(0)
    if (index === 0) this.#publish()
    if (result !== null) this.#value(result, 0)
    return [...vector(LOCALS.map((type) => [1, BYTE[type]])), ...this.#out, 0x0b]
  }

  /** Globals go to memory, where both forms can be compared. */
  #publish(): void {
    for (const [index, type] of TYPES.entries()) {
      this.#constant(64 + index * 8)
      this.#op([0x23, index])
      this.#store(type, 0)
    }
  }

  #choose(options: number): number {
    return (this.#choices[this.#at++] ?? 0) % options
  }

  #count(operators: number): void {
    if (this.#counting) this.#out.push(0x23, COUNTER, 0x42, ...sleb(BigInt(operators)), 0x7c, 0x24, COUNTER)
  }

  #op(bytes: readonly number[], operators = 1): void {
    if (operators > 0) this.#count(operators)
    this.#out.push(...bytes)
  }

  #constant(value: number): void {
    this.#op([0x41, ...sleb(BigInt(value))])
  }

  #local(type: Type): number {
    return (this.#function === 0 ? 0 : 2) + TYPES.indexOf(type)
  }

  /** An address mostly within memory. */
  #address(nesting: number): void {
    this.#value('i32', nesting + 1)
    if (this.#choose(64) === 1) return
    this.#constant(0x3f8)
    this.#op([0x71])
  }

  #value(type: Type, nesting: number): void {
    const leaves = [() => this.#literal(type), () => this.#get(type), () => this.#op([0x23, TYPES.indexOf(type)])]
    const deeper = nesting + 1
    const forms = [
      ...leaves,
      () => {
        this.#address(nesting)
        this.#op([{ i32: 0x28, i64: 0x29, f32: 0x2a, f64: 0x2b }[type], 0, this.#choose(16)])
      },
      () => this.#binary(type, deeper),
      () => this.#binary(type, deeper),
      () => this.#unary(type, deeper),
      () => {
        this.#value(type, deeper)
        this.#value(type, deeper)
        this.#value('i32', deeper)
        this.#op(this.#choose(2) === 0 ? [0x1b] : [0x1c, 1, BYTE[type]])
      },
      () => {
        this.#value('i32', deeper)
        this.#op([0x04, BYTE[type]])
        this.#value(type, deeper)
        this.#op([0x05], 0)
        this.#value(type, deeper)
        this.#op([0x0b], 0)
      },
      () => this.#leaving(type, deeper),
      () => this.#converted(type, deeper),
      () => this.#called(type, deeper),
      () => {
        this.#value(type, deeper)
        this.#op([0x22, this.#local(type)])
      },
      () => (type === 'i32' ? this.#counted() : this.#get(type)),
    ]
    forms[this.#choose(nesting > 4 ? leaves.length : forms.length)]!()
  }

  #get(type: Type): void {
    this.#op([0x20, this.#local(type)])
  }

  #store(type: Type, offset: number): void {
    if (type === 'f32' || type === 'f64') this.#canonical(type)
    this.#op([{ i32: 0x36, i64: 0x37, f32: 0x38, f64: 0x39 }[type], 0, offset])
  }

  #literal(type: Type): void {
    const low = this.#choose(256)
    const extreme = this.#choose(5)
    if (type === 'i32' || type === 'i64') {
      const bits = type === 'i32' ? 31n : 63n
      const value = [BigInt(low), -1n, -(2n ** bits), 2n ** bits - 1n, BigInt(-low)][extreme]!
      this.#op([type === 'i32' ? 0x41 : 0x42, ...sleb(value)])
      return
    }
    const number = [low / 4, Number.NaN, Number.POSITIVE_INFINITY, -0, -low * 2 ** 60][extreme]!
    const bytes = new DataView(new ArrayBuffer(8))
    if (type === 'f32') bytes.setFloat32(0, number, true)
    else bytes.setFloat64(0, number, true)
    this.#op([type === 'f32' ? 0x43 : 0x44, ...new Uint8Array(bytes.buffer, 0, SIZE[type])])
  }

  #binary(type: Type, nesting: number): void {
    this.#value(type, nesting)
    this.#value(type, nesting)
    // Division and remainder are among the integers; copysign (last of the floats) would show the sign of a NaN.
    const operators = { i32: [0x6a, 15], i64: [0x7c, 15], f32: [0x92, 6], f64: [0xa0, 6] } as const
    const [first, count] = operators[type]
    const operator = this.#choose(count)
    const trapping = count === 15 && operator >= 3 && operator <= 6
    this.#op([first + (trapping && this.#choose(4) > 0 ? 0 : operator)])
  }

  #unary(type: Type, nesting: number): void {
    this.#value(type, nesting)
    if (type === 'i32') this.#op([[0x45, 0x67, 0x68, 0x69, 0xc0, 0xc1][this.#choose(6)]!])
    else if (type === 'i64') this.#op([[0x79, 0x7a, 0x7b, 0xc2, 0xc3, 0xc4][this.#choose(6)]!])
    else this.#op([(type === 'f32' ? 0x8b : 0x99) + this.#choose(7)])
  }

  /** A block that may be left early with a value. */
  #leaving(type: Type, nesting: number): void {
    this.#op([0x02, BYTE[type]], 0)
    this.#value(type, nesting)
    this.#value('i32', nesting)
    if (this.#choose(3) === 0) this.#op([0x0e, 1, 0, 0])
    else {
      this.#op([0x0d, 0])
      this.#op([0x1a])
      this.#value(type, nesting)
    }
    this.#op([0x0b], 0)
  }

  #converted(type: Type, nesting: number): void {
    const choice = this.#choose(2)
    const from = { i32: ['i64', 'f64'], i64: ['i32', 'f32'], f32: ['i32', 'f64'], f64: ['i64', 'f32'] } as const
    this.#value(from[type][choice]!, nesting)
    const operators = {
      i32: [[0xa7], [[0xaa], [0xab]][this.#choose(8)] ?? [0xfc, 2]],
      i64: [[0xac], [[0xae], [0xaf]][this.#choose(8)] ?? [0xfc, 4]],
      f32: [[0xb2], [0xb6]],
      f64: [[0xb9], [0xbb]],
    }[type]
    this.#op(operators[choice]!)
  }

  /** A call of a later function, or of the host. */
  #called(type: Type, nesting: number): void {
    const callee = FUNCTIONS.indexOf(type)
    if (type === 'i64' && this.#choose(2) === 0) {
      this.#value('i64', nesting)
      this.#op([0x10, 0])
    } else if (callee > this.#function) {
      this.#value('i32', nesting)
      this.#value('i64', nesting)
      this.#op([0x10, callee + 1])
    } else this.#literal(type)
  }

  /** Sizes, and what is in the table. */
  #counted(): void {
    const kind = this.#choose(3)
    if (kind === 0) this.#op([0x3f, 0])
    else if (kind === 1) this.#op([0xfc, 16, 0])
    else {
      this.#constant(this.#choose(24) === 1 ? 4 : this.#choose(4))
      this.#op([0x25, 0])
      this.#op([0xd1])
    }
  }

  #statement(nesting: number): void {
    const type = TYPES[this.#choose(4)]!
    const deeper = nesting + 1
    const nop = () => this.#op([0x01])
    const leaves = [
      () => {
        this.#value(type, nesting)
        this.#op([0x24, TYPES.indexOf(type)])
      },
      () => {
        this.#value(type, nesting)
        this.#op([0x21, this.#local(type)])
      },
      () => {
        this.#address(nesting)
        this.#value(type, nesting)
        this.#store(type, this.#choose(16))
      },
    ]
    const forms = [
      ...leaves,
      () => {
        this.#value('i32', nesting)
        this.#op([0x04, 0x40])
        this.#statement(deeper)
        if (this.#choose(2) === 1) {
          this.#op([0x05], 0)
          this.#statement(deeper)
        }
        this.#op([0x0b], 0)
      },
      () => {
        this.#op([0x02, 0x40], 0)
        this.#statement(deeper)
        this.#branch(deeper)
        this.#statement(deeper)
        this.#op([0x0b], 0)
      },
      () => (this.#loops < LOOP_LOCALS.length ? this.#loop(deeper) : nop()),
      () => {
        this.#value(type, nesting)
        this.#op([0x1a])
      },
      () => this.#bulk(),
      () => (this.#function < FUNCTIONS.length - 1 ? this.#indirect(deeper) : nop()),
      nop,
      () => {
        const pages = this.#choose(2)
        this.#constant(pages)
        this.#op([0x40, 0], BULK + pages)
        this.#op([0x1a])
      },
      () => this.#if(nesting, () => (this.#choose(4) === 0 ? this.#op([0x00]) : nop())),
      () =>
        this.#if(nesting, () => {
          if (this.#function !== 0) nop()
          else {
            this.#publish()
            this.#op([0x0f])
          }
        }),
    ]
    forms[this.#choose(nesting > 3 ? leaves.length : forms.length)]!()
  }

  #if(nesting: number, then: () => void): void {
    this.#value('i32', nesting)
    this.#op([0x04, 0x40])
    then()
    this.#op([0x0b], 0)
  }

  /** Leaves the innermost block, one way or another, or not at all; what follows may be dead. */
  #branch(nesting: number): void {
    const kind = this.#choose(4)
    if (kind === 0 || kind === 1) this.#value('i32', nesting)
    if (kind < 3)
      this.#op(
        [
          [0x0d, 0],
          [0x0e, 2, 0, 0, 0],
          [0x0c, 0],
        ][kind]!,
      )
  }

  #loop(nesting: number): void {
    const counter = (this.#function === 0 ? 0 : 2) + LOOP_LOCALS[this.#loops++]!
    this.#constant(1 + this.#choose(3))
    this.#op([0x21, counter])
    this.#op([0x03, 0x40], 0)
    this.#count(1)
    this.#statement(nesting)
    this.#op([0x20, counter])
    this.#constant(1)
    this.#op([0x6b])
    this.#op([0x22, counter])
    this.#op([0x0d, 0])
    this.#op([0x0b], 0)
  }

  #bulk(): void {
    const count = this.#choose(14)
    const operators = [
      [0xfc, 11, 0],
      [0xfc, 10, 0, 0],
      [0xfc, 8, 0, 0],
    ] as const
    const kind = this.#choose(3)
    this.#constant(this.#choose(64))
    this.#constant(kind === 2 ? 0 : this.#choose(64))
    this.#constant(count)
    this.#op(operators[kind]!, BULK + count)
  }

  /** Through the table: entry 0 fits, 1 is of another type, 2 is null, 9 is not there. */
  #indirect(nesting: number): void {
    this.#value('i32', nesting)
    this.#value('i64', nesting)
    this.#constant([1, 2, 9][this.#choose(24)] ?? 0)
    this.#op([0x11, FUNCTIONS.length - 1, 0])
  }

  /** Makes a NaN canonical by the program's own means, so that its bits may be seen. */
  #canonical(type: 'f32' | 'f64'): void {
    const local = this.#local(type)
    this.#op([0x22, local])
    this.#op(type === 'f32' ? [0x43, 0, 0, 0xc0, 0x7f] : [0x44, 0, 0, 0, 0, 0, 0, 0xf8, 0x7f])
    this.#op([0x20, local])
    this.#op([0x20, local])
    this.#op([type === 'f32' ? 0x5b : 0x61])
    this.#op([0x1b])
  }
}
