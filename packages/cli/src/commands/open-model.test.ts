import type { Client } from '@dcml/client'
import { expect, test } from 'vitest'
import { openHost } from './open-model.ts'

/** A host that says one state after the other; its evidence names a model to those who connect once it is ready. */
function hostWith(states: readonly object[]) {
  const said: string[] = []
  const open = new Set<number>()
  let asked = 0
  let made = 0
  const connect = (): Client => {
    const id = made++
    const ready = asked === states.length
    open.add(id)
    return {
      evidence: async () => ({ environment: 'development', claims: ready ? { modelH: new Uint8Array(32) } : {} }),
      fetch: async () => Response.json(states[asked++]),
      close: () => open.delete(id),
    } as unknown as Client
  }
  return { connect, said, open, say: (line: string) => said.push(line) }
}

test('waits while the model is opened, then connects anew, because evidence of before names no model', async () => {
  const host = hostWith([{ phase: 'loading' }, { phase: 'loading' }, { phase: 'ready' }])
  const { model } = await openHost(host.connect, host.say)
  expect(model).toBe('00'.repeat(32))
  expect(host.said).toHaveLength(1)
  expect(host.open).toEqual(new Set([1]))
})

test.each([
  [{ phase: 'empty' }, /no model/, true],
  [{ phase: 'key' }, /waits for the key/, true],
  [{ phase: 'failed', error: { code: 'model_not_gguf' } }, /model_not_gguf/, false],
])('does not wait for what may never come: %o', async (state, message, retryable) => {
  const host = hostWith([state])
  const refused = { code: 'model_not_ready', message: expect.stringMatching(message), retryable }
  await expect(openHost(host.connect, host.say)).rejects.toMatchObject(refused)
  expect(host).toMatchObject({ said: [], open: new Set() })
})
