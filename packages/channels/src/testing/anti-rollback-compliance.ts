import { DcmlError, equalBytes } from '@dcml/protocol'
import type { AntiRollback, Mark } from '../enclave/anti-rollback.ts'

/** One rule that every implementation keeps; `run` rejects where it is broken. */
export interface ComplianceCase {
  readonly name: string
  run(): Promise<void>
}

const demand = (condition: boolean, rule: string): void => {
  if (!condition) throw new Error(`broken rule: ${rule}`)
}
const mark = (counter: bigint, byte: number): Mark => ({ counter, digest: new Uint8Array(32).fill(byte) })
const same = (a: Mark, b: Mark): boolean => a.counter === b.counter && equalBytes(a.digest, b.digest)

/** Resolves to the marks whose advance went through. Others must have been refused by name. */
async function race(device: AntiRollback, marks: readonly Mark[]): Promise<Mark[]> {
  const done = await Promise.allSettled(marks.map((next) => device.advance(next)))
  for (const result of done)
    if (result.status === 'rejected')
      demand(DcmlError.isInstance(result.reason) && result.reason.code === 'rollback_conflict', 'a refusal says so')
  return marks.filter((_, i) => done[i]!.status === 'fulfilled')
}

/**
 * The rules of {@link AntiRollback}, for any test runner.
 * @param device makes a handle of a device without a mark; `again` a second handle of the same device, as after a crash
 */
export function antiRollbackCompliance(
  device: () => Promise<{ handle: AntiRollback; again(): Promise<AntiRollback> }>,
): ComplianceCase[] {
  return [
    {
      name: 'is fresh at counter 0, with a digest of zeros',
      async run() {
        demand(same(await (await device()).handle.read(), mark(0n, 0)), 'a fresh device')
      },
    },
    {
      name: 'remembers number and digest across a crash',
      async run() {
        const { handle, again } = await device()
        await handle.advance(mark(1n, 7))
        await handle.advance(mark(2n, 8))
        demand(same(await (await again()).read(), mark(2n, 8)), 'the last mark is read')
      },
    },
    {
      name: 'advances by one and in no other way',
      async run() {
        const { handle } = await device()
        await handle.advance(mark(1n, 7))
        const wrong = [mark(0n, 1), mark(1n, 7), mark(1n, 9), mark(3n, 1), mark(1n << 63n, 1)]
        demand((await race(handle, wrong)).length === 0, 'no step back, aside or ahead')
        demand(same(await handle.read(), mark(1n, 7)), 'a refused step leaves the mark')
      },
    },
    {
      name: 'lets one of two copies through',
      async run() {
        const { handle, again } = await device()
        const other = await again()
        const attempts = [mark(1n, 1), mark(1n, 2)]
        const [first, second] = await Promise.all([race(handle, [attempts[0]!]), race(other, [attempts[1]!])])
        const through = [...first, ...second]
        demand(through.length === 1, 'exactly one copy counts')
        demand(same(await handle.read(), through[0]!), 'the mark is of that copy')
      },
    },
    {
      name: 'keeps its own copy of the digest',
      async run() {
        const { handle } = await device()
        const next = mark(1n, 5)
        await handle.advance(next)
        next.digest.fill(0)
        demand(same(await handle.read(), mark(1n, 5)), 'what the caller does later changes nothing')
      },
    },
  ]
}
