// Runs inside the browser: times the cases on material that the bench hands over.
import { type Case, cases, type Material } from './attestation-cases.ts'

/** JSON in which bytes and dates keep their type. */
const revive = (_: string, value: unknown): unknown => {
  if (typeof value !== 'object' || value === null) return value
  if ('$bytes' in value) return Uint8Array.from(value.$bytes as number[])
  return '$date' in value ? new Date(value.$date as number) : value
}

async function time({ prepare, run }: Case): Promise<number> {
  await prepare?.()
  const start = performance.now()
  if (!(await run())) throw new Error('not accepted')
  return performance.now() - start
}

/** Milliseconds of each round, case by case. */
export async function measure(
  material: string,
  rounds: number,
): Promise<{ what: string; verifier: string; ms: number[] }[]> {
  const all = cases(JSON.parse(material, revive) as Material)
  const results = all.map(({ what, verifier }) => ({ what, verifier, ms: [] as number[] }))
  for (let round = -3; round < rounds; round++)
    for (const [index, each] of all.entries()) {
      const ms = await time(each)
      if (round >= 0) results[index]!.ms.push(ms)
    }
  return results
}

Object.assign(globalThis, { measure })
