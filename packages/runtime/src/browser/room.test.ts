import { expect, test } from 'vitest'
import { Room } from './room.ts'

const FREE = 262_144
const overloaded = expect.objectContaining({ code: 'overloaded', retryable: true })

/** A body of which so many bytes came, and that is held until `end`. */
function body(room: Room, ...parts: number[]) {
  const { promise, resolve } = Promise.withResolvers<void>()
  const read = room.during(async (take) => {
    for (const bytes of parts) take(bytes)
    await promise
  })
  return { read, end: resolve }
}

test('long bodies share their room, and short ones need none', async () => {
  const room = new Room(1000)
  const long = body(room, FREE - 1, 600, 401)
  await expect(body(room, FREE, 1).read).rejects.toThrow(overloaded)
  const short = Array.from({ length: 50 }, () => body(room, FREE))
  for (const each of [long, ...short]) each.end()
  await Promise.all([long, ...short].map(({ read }) => read))
})

test('room comes back with the end of a body, whole or refused', async () => {
  const room = new Room(1000)
  const first = body(room, FREE + 900)
  await expect(body(room, FREE + 50, 60).read).rejects.toThrow(overloaded)
  const second = body(room, FREE + 100)
  first.end()
  second.end()
  await Promise.all([first.read, second.read])
  const third = body(room, FREE + 1000)
  third.end()
  await third.read
})
