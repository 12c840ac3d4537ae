// Against the enclave's view of the chain: proofs for somebody else, made up, or from yesterday.
import { cp } from 'node:fs/promises'
import { join } from 'node:path'
import { formatWire, PAYMENT_CALLS, readWire, wire } from '@dcml/channels'
import { fetchLogProof, readEvents } from '@dcml/near'
import { ask, expectRefused, headOf } from './attacker.ts'
import { openChannel } from './money.ts'
import { type Act, type Host, must, ready, type Story, serve, trust } from './story.ts'

/** Older heads than this are stale to enclave C. */
const MAX_HEAD_AGE_S = 4

/** Starts enclave C of the same image on the host of B, with the key from B. */
async function startC(story: Story): Promise<Host> {
  const { stage, b, manifest, modelH } = story
  const folder = await stage.folder('host-c')
  await cp(manifest.path, join(folder, 'image.json'))
  await cp(join(b.folder, 'model.dcmw'), join(folder, 'model.dcmw'))
  const c = await stage.host('host-c', [...serve('host-c'), '--max-head-age', String(MAX_HEAD_AGE_S)])
  must(
    await stage.run('host-c', [
      'runtime',
      'request-sk',
      b.address,
      '--to',
      c.address,
      '--model-h',
      modelH,
      ...trust(story),
    ]),
  )
  await ready(c)
  return c
}

/** Proves Alice's newest opening to an enclave. */
async function proveOpening(story: Story, to: Host): Promise<Record<string, unknown>> {
  const { near, contract } = story.chain
  const { events } = await readEvents(near, {
    contractId: contract,
    from: story.before.height,
    event: 'channel_opened',
  })
  const state = await headOf(story, to)
  const wanted = { contractId: contract, receiptId: events.at(-1)!.receiptId, state }
  const { blocks, proof } = await fetchLogProof(near, { ...wanted, wanted: ({ event }) => event === 'channel_opened' })
  return JSON.parse(formatWire(readWire(wire.bundle, { from: state.headHash, blocks, proof })))
}

const establish = (story: Story) => ask(story, story.c, PAYMENT_CALLS.establish, story.proof)

export const proofAttacks: readonly Act[] = [
  {
    name: 'other-enclave',
    async play(story) {
      story.c = await startC(story)
      await openChannel(story, 'second.json')
      story.proof = await proveOpening(story, story.c)
      expectRefused(await establish(story), 'channel_not_ours')
      return 'a channel opened with B does not pay C, though B and C run one image with one key: it names B’s session key'
    },
  },
  {
    name: 'forged-proof',
    async play(story) {
      const { c } = story
      const forged = JSON.stringify(await proveOpening(story, c)).replace(/deposited\\+":\\+"/, '$&9')
      expectRefused(await ask(story, c, PAYMENT_CALLS.establish, JSON.parse(forged)), /^(log|event)_/)
      return 'nine times the deposit in an otherwise genuine proof: its outcome is not the one that validators signed for'
    },
  },
  {
    name: 'stale-head',
    async play(story) {
      await new Promise((resolve) => setTimeout(resolve, MAX_HEAD_AGE_S * 1000))
      expectRefused(await establish(story), /head_fresh/)
      return `the genuine proof again, ${MAX_HEAD_AGE_S} seconds later: a host could be hiding what happened since`
    },
  },
]
