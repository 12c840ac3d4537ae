// Hostile input: an error of the right shape, never a crash, never a hang.
import { DcmlError } from '@dcml/protocol'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  advance,
  formatTrustRoot,
  parseEventProof,
  parseExactJson,
  parseExecutionProof,
  parseHeader,
  parseLightClientBlock,
  parseProducers,
  parseTrustRoot,
  verifyEvent,
  verifyExecution,
} from '../src/index.ts'
import { tell } from './story.ts'

const { chain, proof, options, headHeight } = tell()
const state = chain.trust(headHeight - 5)

const judges: Record<string, { genuine: object; judge: (json: unknown) => unknown }> = {
  block: {
    genuine: chain.lightClientBlock(headHeight),
    judge: (json) => advance(state, parseLightClientBlock(json)),
  },
  'execution proof': {
    genuine: proof().outcomes[1]!,
    judge: (json) => verifyExecution(parseExecutionProof(json), options.state.head.innerLite),
  },
  'event proof': {
    genuine: proof(),
    judge: (json) => verifyEvent(parseEventProof(json), options),
  },
  header: { genuine: chain.lightClientBlock(3), judge: parseHeader },
  producers: { genuine: chain.lightClientBlock(3).next_bps!, judge: parseProducers },
  'trust root': {
    genuine: JSON.parse(formatTrustRoot(state)),
    judge: (json) =>
      parseTrustRoot(JSON.stringify(json, (_, one) => (typeof one === 'bigint' ? String(one) : one)) ?? ''),
  },
}

/** True where it was taken. @throws what is no DcmlError */
async function taken(judge: (json: unknown) => unknown, json: unknown): Promise<boolean> {
  try {
    const verdict = (await judge(json)) as { ok?: boolean; error?: unknown }
    if (verdict.ok !== false) return true
    expect(DcmlError.isInstance(verdict.error)).toBe(true)
  } catch (error) {
    if (!DcmlError.isInstance(error)) throw error
    expect(error.code).toMatch(/^[a-z_]+$/)
  }
  return false
}

const all = Object.entries(judges)

test.each(all)('%s: any other JSON is refused', async (name, { judge }) => {
  await fc.assert(
    fc.asyncProperty(fc.jsonValue({ maxDepth: 6 }), async (json) => {
      const isEmptyList = name === 'producers' && Array.isArray(json) && json.length === 0
      expect(await taken(judge, json)).toBe(isEmptyList)
    }),
    { numRuns: 150 },
  )
})

/** Every place in a document that can be set. */
function places(holder: object): { set: (value: unknown) => void }[] {
  return Object.entries(holder).flatMap(([key, value]) => [
    { set: (other: unknown) => Object.assign(holder, { [key]: other }) },
    ...(typeof value === 'object' && value !== null ? places(value) : []),
  ])
}

const hostile = fc.oneof(
  fc.jsonValue({ maxDepth: 3 }),
  fc.constantFrom<unknown>(
    '__proto__',
    '9'.repeat(100_000),
    'z'.repeat(100_000),
    `ed25519:${'2'.repeat(100_000)}`,
    2 ** 53,
    -1,
    1n << 64n,
    -1n,
    Number.NaN,
    Number.POSITIVE_INFINITY,
    undefined,
    [],
    Array(1000).fill({ hash: '1'.repeat(32), direction: 'Left' }),
    { toString: 1, valueOf: null, length: 7 },
    { SuccessValue: 'AA==', SuccessReceiptId: '1'.repeat(32) },
    '\ud800',
  ),
)

test.each(all)('%s: anything in any place is judged, not stumbled over', async (_, { genuine, judge }) => {
  expect(await taken(judge, genuine)).toBe(true)
  await fc.assert(
    fc.asyncProperty(fc.nat(), hostile, async (pick, value) => {
      const json = structuredClone(genuine)
      const all = places(json)
      all[pick % all.length]!.set(value)
      await taken(judge, json)
    }),
    { numRuns: 150 },
  )
})

test('random bytes are no JSON, or JSON that proves nothing', async () => {
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), async (bytes) => {
      expect(
        await taken((input) => verifyEvent(parseEventProof(parseExactJson(input as Uint8Array)), options), bytes),
      ).toBe(false)
      expect(await taken((input) => parseTrustRoot(input as Uint8Array), bytes)).toBe(false)
    }),
    { numRuns: 300 },
  )
})
