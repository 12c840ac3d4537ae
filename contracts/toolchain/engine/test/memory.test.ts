import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { evaluate, prepare, start } from './machine.ts'

/**
 * Allocates, grows, shortens and drops blocks by a seeded sequence, each filled with its own pattern, and returns
 * a hash of all that is alive: two blocks that overlap, or a block lost on the way, change it.
 */
const stress = `(seed, steps) => {
  let state = seed >>> 0
  const random = (n) => ((state = (Math.imul(state, 1664525) + 1013904223) >>> 0) >>> 8) % n
  const alive = []
  const fill = (array, tag) => { for (let i = 0; i < array.length; i++) array[i] = tag + i; return array }
  for (let step = 0; step < steps; step++) {
    const kind = random(6), at = random(alive.length || 1)
    const size = random(10) ? random(300) : random(40000)
    if (kind < 3 || !alive.length) alive.push(kind ? fill(new Uint8Array(size), step) : 'x' + step + 'ü'.repeat(size % 500))
    else if (kind === 3) alive.splice(at, 1)
    else if (typeof alive[at] === 'string') alive[at] += '-' + step
    else { const longer = new Uint8Array(alive[at].length + size); longer.set(alive[at]); alive[at] = longer }
  }
  let hash = 7
  for (const item of alive)
    for (let i = 0; i < item.length; i++)
      hash = (Math.imul(hash, 31) + (typeof item === 'string' ? item.charCodeAt(i) : item[i])) | 0
  return hash + ' ' + alive.length
}`

describe('the allocator', () => {
  test('gives what V8 gives, whatever is allocated, grown and freed', () => {
    const contract = start(
      prepare(`const stress = ${stress}
      export function run() {
        env.input(0)
        env.value_return(stress(...JSON.parse(env.uint8array_to_utf8_string(env.read_register(0)))))
      }`),
    )
    // biome-ignore lint/security/noGlobalEval: the same text runs on both sides
    const expected = globalThis.eval(stress) as (seed: number, steps: number) => string
    fc.assert(
      fc.property(fc.nat(2 ** 31), fc.integer({ min: 1, max: 150 }), (seed, steps) => {
        expect(contract.text('run', JSON.stringify([seed, steps]))).toBe(expected(seed, steps))
      }),
      { numRuns: 40 },
    )
  })

  test('grows past NEAR’s first 64 MiB', () => {
    expect(
      evaluate(
        '(() => { var a = []; for (var i = 0; i < 6; i++) a.push(new Uint8Array(1 << 24).fill(i)); return a.map((x) => x[99999]) })()',
      ),
    ).toBe('0,1,2,3,4,5')
  })

  test('no memory left is an exception, and small things still work after it', () => {
    expect(
      evaluate(
        '(() => { try { new Uint8Array(2 ** 31 - 1) } catch (error) { return error.message + [1, 2].concat(3) } })()',
      ),
    ).toBe('out of memory1,2,3')
  })

  test('a string grown in a loop is not copied each time', () => {
    expect(evaluate('(() => { var s = ""; for (var i = 0; i < 200000; i++) s += "abc"; return s.length })()')).toBe(
      '600000',
    )
  })

  test('memcpy and memset agree with the obvious at every length and alignment', () => {
    const contract = start(
      prepare(`export function run() {
        const wrong = []
        for (let offset = 0; offset < 9; offset++)
          for (let length = 0; length < 80; length++) {
            const from = Uint8Array.from({ length: 96 }, (_, i) => i + 1), to = new Uint8Array(96)
            to.set(from.subarray(offset, offset + length), 8 - (offset % 8))
            to.fill(200, 90 - (offset % 4), 90 - (offset % 4) + (length % 7))
            for (let i = 0; i < 96; i++) {
              const start = 8 - (offset % 8), mark = 90 - (offset % 4)
              const copied = i >= start && i < start + length ? from[offset + i - start] : 0
              if (to[i] !== (i >= mark && i < Math.min(96, mark + (length % 7)) ? 200 : copied)) wrong.push([offset, length, i])
            }
          }
        env.value_return(JSON.stringify(wrong))
      }`),
    )
    expect(contract.text('run')).toBe('[]')
  })
})
