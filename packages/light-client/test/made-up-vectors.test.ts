import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { advance, parseEventProof, parseLightClientBlock, parseTrustRoot, verifyEvent } from '../src/index.ts'
import event from '../vectors/event.json' with { type: 'json' }
import { madeUpVectors } from './made-up-vectors.ts'

test.each(Object.entries(madeUpVectors()))('%s is what this code makes', (name, content) => {
  const text = readFileSync(join(import.meta.dirname, '..', 'vectors', name), 'utf8')
  expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(content)))
})

test('event.json proves what it says, from its trust root over its blocks', async () => {
  let state = parseTrustRoot(JSON.stringify(event.trustRoot))
  for (const block of event.blocks) {
    const step = await advance(state, parseLightClientBlock(block))
    if (!step.ok) throw step.error
    state = step.state
  }
  const verdict = verifyEvent(parseEventProof(event.proof), {
    ...event.options,
    state,
    now: new Date(event.options.now),
  })
  if (!verdict.ok) throw verdict.error
  expect(verdict).toMatchObject({
    event: event.proves.event,
    receiptId: event.proves.receiptId,
    block: { hash: event.proves.block.hash },
  })
})
