// Lives that random seeds found, cut down to what matters.
import { expect, test } from 'vitest'
import { live } from './lives.ts'
import { World } from './world.ts'

const lived = (plan: readonly (readonly [name: string, chance: number])[]): Promise<World> =>
  live(plan.map(([name, chance]) => ({ do: name, chance })))

const spent = ({ chain }: World): unknown => chain.ended.find(({ id }) => id === 1n)?.spent

test('the power is cut while a dropped stream is released: what was reserved for it stays spent', async () => {
  const world = await lived([
    ['alice opens', 0],
    ['alice opens', 0],
    ['alice chats', 1],
    ['a message arrives', 0],
    ['an enclave works', 0],
    ['alice opens', 0],
    ['a machine fails', 3],
    ['a stream is dropped', 1],
  ])
  expect(world.worth(1n).spent).toBe(41n)
  expect(world.crashed.get(1n)).toBe(8n)
  expect(spent(world)).toBe(49n)
})

test('held-stream: a stream that Alice let go has a step, and nothing of what she pays for her next request', async () => {
  const world = await lived([
    ['alice opens', 0],
    ['alice opens', 0],
    ['alice chats', 5],
    ['alice loses a stream', 3],
    ['alice opens', 0],
    ['alice opens', 0],
    ['alice opens', 0],
    ['alice asks', 11],
    ['alice opens', 0],
    ['a message arrives', 0],
    ['an enclave works', 2],
    ['alice chats', 3],
    ['alice opens', 0],
    ['an enclave works', 1],
  ])
  // 2 reached her; 3 of 8 yoctoNEAR each are a step of 24
  expect(world.sent.get('1 alice 3')).toMatchObject({ prompt: 2, completion: 2 + 3 })
  expect(world.alice.lines[0]?.received).toEqual({ promptTokens: 4n, completionTokens: 6n })
  expect(spent(world)).toBe(world.worth(1n).spent)
})

test('a request of the same name on another channel, of another enclave, is another request', () => {
  const world = new World()
  world.noteSent({ channelId: 1n, requestId: 'eve 7', sent: { prompt: 0, completion: 1 } }, 0, 0)
  world.noteSent({ channelId: 5n, requestId: 'eve 7', sent: { prompt: 1, completion: 0 } }, 0, 0)
  expect([...world.sent.values()]).toEqual([
    { channelId: 1n, prompt: 0, completion: 1 },
    { channelId: 5n, prompt: 1, completion: 0 },
  ])
})
