import { describe, expect, test } from 'vitest'
import { engineCompliance } from './engine-compliance.ts'
import { scriptedLoader } from './scripted.ts'

const tale = Array.from({ length: 40 }, (_, index) => ` word${index}`)
const signal = new AbortController().signal

describe('scripted engine', () => {
  for (const { name, run } of engineCompliance(() => scriptedLoader(() => ({ tokens: tale })).load([], { signal }))) {
    test(name, run)
  }

  test('a script that breaks mid-stream breaks the stream', async () => {
    async function* broken() {
      yield 'one'
      throw new Error('boom')
    }
    const engine = await scriptedLoader(() => ({ tokens: broken() })).load([], { signal })
    const seen: string[] = []
    await expect(async () => {
      for await (const event of engine.complete({ prompt: 'x', stop: [], body: {} }, { signal })) seen.push(event.type)
    }).rejects.toThrow('boom')
    expect(seen).toEqual(['start', 'delta'])
  })

  test('an abort ends a stream whose source never speaks again', async () => {
    async function* stuck() {
      yield 'one'
      await new Promise(() => {})
    }
    const controller = new AbortController()
    const engine = await scriptedLoader(() => ({ tokens: stuck() })).load([], { signal })
    const events = engine.complete({ prompt: 'x', stop: [], body: {} }, { signal: controller.signal })
    await expect(async () => {
      for await (const event of events) if (event.type === 'delta') controller.abort(new Error('enough'))
    }).rejects.toThrow('enough')
  })
})
