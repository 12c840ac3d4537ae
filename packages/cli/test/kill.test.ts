// kill -9 of runtime, payer, watcher or chain at random points of paying streams, openings and closings: four real
// processes, killed and started again by a seed. DCML_KILLS says how many points, DCML_SEED which.
// DCML_KILLS=200 DCML_SEED=21: 203 kills (106 of the runtime, 66 of the payer, 17 of the watcher, 14 of the chain) in 7
// channels, 254 s on 2 shared vCPUs.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { CHANNEL_STORAGE } from '@dcml/near/model'
import { expect, onTestFinished, test } from 'vitest'
import { CLOSE_FEE, DEPOSIT, PER_PROMPT, PER_TOKEN, PRICES, PROMPT_TOKENS, STEP } from './kill/stage.ts'
import { type Life, Story } from './kill/story.ts'

const KILLS = Number(process.env.DCML_KILLS ?? 24)
const SEED = Number(process.env.DCML_SEED ?? 4)
/** Of one channel; every second one is closed by force, with nobody but the watcher to answer. */
const PER_LIFE = Math.min(25, Math.ceil(KILLS / 2))

test(`kill -9 at ${KILLS} random points: nothing delivered unpaid, nothing charged twice, every channel ends`, {
  timeout: 90_000 + KILLS * 10_000,
}, async () => {
  const folder = await mkdtemp(join(tmpdir(), 'dcml-kill-'))
  const story = await Story.begin(folder, SEED)
  onTestFinished(async () => {
    await story.end()
    await rm(folder, { recursive: true, force: true })
  })
  const treasury = await story.balance('treasury.test.near')
  const { free } = (await story.host())!
  let earned = 0n
  for (let life = 0, killed = 0; killed < KILLS; life++) {
    const end = life % 2 === 0 ? 'agreed' : 'forced'
    const lived = await story.tell(life, Math.min(PER_LIFE, KILLS - killed), end)
    killed += Object.values(lived.kills).reduce((total, count) => total + count, 0)
    const ending = await story.ending(lived.channelId!)
    if (process.env.DCML_KILLS !== undefined) console.info(report(life, lived, ending.spent))

    checkCharged(lived, ending.spent)
    const { tokens, inputs } = countsOf(ending.spent)
    const fee = end === 'forced' ? CLOSE_FEE : 0n
    expect(ending).toEqual({
      spent: ending.spent,
      to_owner: inputs * PRICES.ownerInput + tokens * PRICES.ownerOutput,
      to_provider: inputs * PRICES.hostInput + tokens * PRICES.hostOutput + fee,
      to_payer: DEPOSIT - ending.spent + CHANNEL_STORAGE,
    })
    const nothing = { spent: 0n, to_owner: 0n, to_provider: 0n, to_payer: DEPOSIT + CHANNEL_STORAGE }
    for (const vain of lived.vain) expect(await story.ending(vain)).toEqual(nothing)
    earned += ending.to_owner
    expect((await story.balance('treasury.test.near')) - treasury).toBe(earned)
    expect(await story.books()).toMatchObject({ deposited: 0n, fees: 0n, owed: 0n })
    expect(await story.host()).toMatchObject({ free, locked: 0n })
  }
})

/** The prices are so far apart that a sum tells what it is made of. */
function countsOf(spent: bigint): { tokens: bigint; prompts: bigint; inputs: bigint } {
  const tokens = spent / PER_TOKEN
  const prompts = (spent % PER_TOKEN) / PER_PROMPT
  expect(spent).toBe(tokens * PER_TOKEN + prompts * PER_PROMPT)
  return { tokens, prompts, inputs: prompts * BigInt(PROMPT_TOKENS) }
}

function checkCharged({ asked, got, made, done, kills, spent: known, settled }: Life, spent: bigint): void {
  const { tokens, prompts } = countsOf(spent)
  // nothing unpaid: all that the payer ever got was charged
  expect(tokens).toBeGreaterThanOrEqual(sum(got))
  expect(prompts).toBeGreaterThanOrEqual([...got.values()].filter((count) => count > 0).length)
  // nothing twice: beyond what the engine made for the payer, a crash of the runtime costs a step at most
  expect(tokens).toBeLessThanOrEqual(sum(made) + BigInt(STEP * kills.runtime))
  expect(prompts).toBeLessThanOrEqual(asked.size)
  // what came with a receipt came whole
  for (const request of done) expect([request, got.get(request)]).toEqual([request, made.get(request)])
  // and the payer never thought that more was spent, nor takes another sum in the end
  expect(known).toBeLessThanOrEqual(spent)
  expect([undefined, spent]).toContain(settled)
}

const sum = (counts: ReadonlyMap<string, number>): bigint =>
  BigInt([...counts.values()].reduce((total, count) => total + count, 0))

const report = (life: number, { kills, vain, asked, done, got, made, failures }: Life, spent: bigint): string =>
  JSON.stringify({
    ...{ life, kills, vain: vain.size, asked: asked.size, done: done.size, got: `${sum(got)}`, made: `${sum(made)}` },
    ...{ charged: `${spent / PER_TOKEN}`, failures: Object.fromEntries(failures) },
  })
