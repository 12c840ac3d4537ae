// What a light client costs: a step with 100 approvals, a step of mainnet where its vector is here, and proofs.
import {
  advance,
  blockHash,
  climb,
  parseEventProof,
  parseExactJson,
  parseExecutionProof,
  parseHeader,
  parseLightClientBlock,
  parseProducers,
  type Verdict,
  verifyEvent,
  verifyExecution,
} from '@dcml/light-client'
import { MadeUpChain, producer } from '../packages/light-client/test/made-up-chain.ts'
import { tell } from '../packages/light-client/test/story.ts'
import { findVector } from '../test/vectors.ts'
import { interleave, median, percentile } from './statistics.ts'

export const title = 'Light client: from the text of an answer to a verdict'

type Row = Record<string, string | number>

export async function run({ quick }: { quick: boolean }): Promise<{ rows: Row[] }> {
  const acts = { ...hundred(), ...mainnet(), ...proofs() }
  const timed = Object.fromEntries(
    Object.entries(acts).map(([name, act]) => [
      name,
      async () => {
        const [wall, cpu] = [performance.now(), process.cpuUsage()]
        const verdict = await act()
        if (!verdict.ok) throw verdict.error
        const { user, system } = process.cpuUsage(cpu)
        return { wall: performance.now() - wall, cpu: (user + system) / 1000 }
      },
    ]),
  )
  await interleave(10, timed)
  const samples = await interleave(quick ? 20 : 200, timed)
  return {
    rows: Object.entries(samples).map(([what, sample]) => {
      const walls = sample.map(({ wall }) => wall)
      return {
        what,
        'fastest ms': Math.min(...walls).toFixed(2),
        'median ms': median(walls).toFixed(2),
        'p90 ms': percentile(walls, 0.9).toFixed(2),
        'CPU ms': median(sample.map(({ cpu }) => cpu)).toFixed(2),
      }
    }),
  }
}

type Acts = Record<string, () => Verdict<object> | Promise<Verdict<object>>>

function hundred(): Acts {
  const producers = Array.from({ length: 100 }, (_, i) => producer(`validator${i}.near`, BigInt(i + 1)))
  const chain = new MadeUpChain({ producers: () => producers }).produceTo(10)
  const state = chain.trust(4)
  const text = JSON.stringify(chain.lightClientBlock(8))
  return { 'step, 100 of 100 approve': () => advance(state, parseLightClientBlock(parseExactJson(text))) }
}

function mainnet(): Acts {
  const file = findVector('near/lightclient/blocks-mainnet.json')
  if (file === undefined) return {}
  const [{ params }] = parseExactJson(file) as [{ params: Record<string, unknown> }]
  const head = parseHeader(params.previous_block)
  const producers = parseProducers(params.current_bps)
  const state = { head, headHash: blockHash(head), producers, nextProducers: producers }
  const text = JSON.stringify(params.new_block, (_, value) => (typeof value === 'bigint' ? String(value) : value))
  return { 'step of mainnet, 74 of 99 approve': () => advance(state, parseLightClientBlock(parseExactJson(text))) }
}

function proofs(): Acts {
  const { proof, options } = tell()
  const event = JSON.stringify(proof())
  const file = findVector('near/lightclient/execution-testnet.json')
  const parsed = file && parseExecutionProof(parseExactJson(file))
  const head = parsed && { blockMerkleRoot: climb(blockHash(parsed.header), parsed.blockPath) }
  return {
    'event proof, made up': () => verifyEvent(parseEventProof(parseExactJson(event)), options),
    ...(file &&
      head && {
        'execution proof of testnet': () => verifyExecution(parseExecutionProof(parseExactJson(file)), head),
      }),
  }
}
