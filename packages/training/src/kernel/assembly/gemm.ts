// Matrix product with packed operands. Both operands are copied into strips laid out as the inner loop reads them,
// so one routine serves every transposition, and the order of every sum is fixed by the constants below.

const DEPTH = 256 // columns of A summed before the partial result goes back to C
const BLOCK = 64 // rows of A packed at a time
const WIDTH = 512 // columns of B packed at a time

const PACKED_A: usize = (__heap_base + 63) & ~63
const PACKED_B: usize = PACKED_A + BLOCK * DEPTH * 4
const TILE: usize = PACKED_B + WIDTH * DEPTH * 4

/** First byte that belongs to the caller. */
export function heapBase(): usize {
  return TILE + 4 * 8 * 4
}

/** `c[m,n] (+)= a[m,k] * b[k,n]`; every operand has a row and a column stride in elements, `c` has unit columns. */
export function gemm(
  a: usize, aRow: i32, aCol: i32,
  b: usize, bRow: i32, bCol: i32,
  c: usize, cRow: i32,
  m: i32, n: i32, k: i32,
  accumulate: bool,
): void {
  for (let n0 = 0; n0 < n; n0 += WIDTH) {
    const width = min(WIDTH, n - n0)
    for (let k0 = 0; k0 < k; k0 += DEPTH) {
      const depth = min(DEPTH, k - k0)
      const add = accumulate || k0 > 0
      pack(b + at(k0 * bRow + n0 * bCol), bCol, bRow, width, depth, 8, PACKED_B)
      for (let m0 = 0; m0 < m; m0 += BLOCK) {
        const height = min(BLOCK, m - m0)
        pack(a + at(m0 * aRow + k0 * aCol), aRow, aCol, height, depth, 4, PACKED_A)
        for (let j = 0; j < width; j += 8) {
          const bStrip = PACKED_B + at(j * depth)
          for (let i = 0; i < height; i += 4) {
            const aStrip = PACKED_A + at(i * depth)
            const corner = c + at((m0 + i) * cRow + n0 + j)
            if (i + 4 <= height && j + 8 <= width) tile(aStrip, bStrip, depth, corner, at(cRow), add)
            else edge(aStrip, bStrip, depth, corner, cRow, min(4, height - i), min(8, width - j), add)
          }
        }
      }
    }
  }
}

// @ts-expect-error: decorator
@inline function at(elements: i32): usize {
  return <usize>elements << 2
}

/** Strips of `lanes` rows: `to[strip][column][lane]`, missing lanes zero. */
function pack(from: usize, rowStride: i32, colStride: i32, rows: i32, cols: i32, lanes: i32, to: usize): void {
  for (let r = 0; r < rows; r += lanes) {
    const strip = to + at(r * cols)
    for (let part = 0; part < lanes; part += 4) {
      const source = from + at((r + part) * rowStride)
      const target = strip + at(part)
      const present = rows - r - part
      if (present < 4) packEdge(source, rowStride, colStride, present, cols, lanes, target)
      else if (rowStride == 1) packColumns(source, colStride, cols, lanes, target)
      else if (colStride == 1) packRows(source, rowStride, cols, lanes, target)
      else packEdge(source, rowStride, colStride, 4, cols, lanes, target)
    }
  }
}

function packEdge(from: usize, rowStride: i32, colStride: i32, present: i32, cols: i32, lanes: i32, to: usize): void {
  for (let col = 0; col < cols; col++) {
    for (let lane = 0; lane < 4; lane++) {
      const value: f32 = lane < present ? load<f32>(from + at(lane * rowStride + col * colStride)) : 0
      store<f32>(to + at(col * lanes + lane), value)
    }
  }
}

function packColumns(from: usize, colStride: i32, cols: i32, lanes: i32, to: usize): void {
  for (let col = 0; col < cols; col++) {
    v128.store(to, v128.load(from))
    from += at(colStride)
    to += at(lanes)
  }
}

/** Transposes four rows, four columns at a time. */
function packRows(from: usize, rowStride: i32, cols: i32, lanes: i32, to: usize): void {
  const row = at(rowStride)
  const step = at(lanes)
  let col = 0
  for (; col + 4 <= cols; col += 4) {
    const r0 = v128.load(from)
    const r1 = v128.load(from + row)
    const r2 = v128.load(from + row * 2)
    const r3 = v128.load(from + row * 3)
    const low01 = v128.shuffle<f32>(r0, r1, 0, 4, 1, 5)
    const low23 = v128.shuffle<f32>(r2, r3, 0, 4, 1, 5)
    const high01 = v128.shuffle<f32>(r0, r1, 2, 6, 3, 7)
    const high23 = v128.shuffle<f32>(r2, r3, 2, 6, 3, 7)
    v128.store(to, v128.shuffle<f32>(low01, low23, 0, 1, 4, 5))
    v128.store(to + step, v128.shuffle<f32>(low01, low23, 2, 3, 6, 7))
    v128.store(to + step * 2, v128.shuffle<f32>(high01, high23, 0, 1, 4, 5))
    v128.store(to + step * 3, v128.shuffle<f32>(high01, high23, 2, 3, 6, 7))
    from += 16
    to += step * 4
  }
  packEdge(from, rowStride, 1, 4, cols - col, lanes, to)
}

/** A 4 x 8 piece of C held in eight registers while the depth is summed in order. */
function tile(a: usize, b: usize, depth: i32, c: usize, cRow: usize, add: bool): void {
  const zero = f32x4.splat(0)
  const c1 = c + cRow
  const c2 = c1 + cRow
  const c3 = c2 + cRow
  let x00 = zero, x01 = zero, x10 = zero, x11 = zero, x20 = zero, x21 = zero, x30 = zero, x31 = zero
  if (add) {
    x00 = v128.load(c); x01 = v128.load(c, 16)
    x10 = v128.load(c1); x11 = v128.load(c1, 16)
    x20 = v128.load(c2); x21 = v128.load(c2, 16)
    x30 = v128.load(c3); x31 = v128.load(c3, 16)
  }
  for (const end = a + at(depth * 4); a < end; a += 16, b += 32) {
    const b0 = v128.load(b)
    const b1 = v128.load(b, 16)
    let s = v128.load32_splat(a)
    x00 = f32x4.add(x00, f32x4.mul(s, b0)); x01 = f32x4.add(x01, f32x4.mul(s, b1))
    s = v128.load32_splat(a, 4)
    x10 = f32x4.add(x10, f32x4.mul(s, b0)); x11 = f32x4.add(x11, f32x4.mul(s, b1))
    s = v128.load32_splat(a, 8)
    x20 = f32x4.add(x20, f32x4.mul(s, b0)); x21 = f32x4.add(x21, f32x4.mul(s, b1))
    s = v128.load32_splat(a, 12)
    x30 = f32x4.add(x30, f32x4.mul(s, b0)); x31 = f32x4.add(x31, f32x4.mul(s, b1))
  }
  v128.store(c, x00); v128.store(c, x01, 16)
  v128.store(c1, x10); v128.store(c1, x11, 16)
  v128.store(c2, x20); v128.store(c2, x21, 16)
  v128.store(c3, x30); v128.store(c3, x31, 16)
}

/** The same sum for a piece that sticks out of C, through a full tile beside it. */
function edge(a: usize, b: usize, depth: i32, c: usize, cRow: i32, rows: i32, cols: i32, add: bool): void {
  memory.fill(TILE, 0, 128)
  if (add) for (let i = 0; i < rows; i++) memory.copy(TILE + i * 32, c + at(i * cRow), at(cols))
  tile(a, b, depth, TILE, 32, true)
  for (let i = 0; i < rows; i++) memory.copy(c + at(i * cRow), TILE + i * 32, at(cols))
}
