import { utf8 } from '@dcml/protocol'
import type { StateStore } from '../enclave/anti-rollback.ts'
import type { ComplianceCase } from './anti-rollback-compliance.ts'

/** What lies in a store, as `image+change+change`, in the order of the texts. */
async function contents(store: StateStore): Promise<string[]> {
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes)
  const states = await store.read()
  return states.map(({ image, changes }) => [image, ...changes].map(text).join('+')).toSorted()
}

const demand = (found: readonly string[], wanted: readonly string[], rule: string): void => {
  const missing = wanted.filter((state) => !found.includes(state))
  if (missing.length > 0) throw new Error(`broken rule: ${rule}; missing ${missing}, found ${found}`)
}

/**
 * The rules of {@link StateStore}, for any test runner.
 * @param place makes an empty place; `life` begins another life of its enclave, once the one before has ended
 */
export function stateStoreCompliance(place: () => Promise<{ life(): Promise<StateStore> }>): ComplianceCase[] {
  /** A life of an enclave: reads, writes `a` as an image and `+a` as a change. */
  const live = async (life: () => Promise<StateStore>, ...writes: string[]): Promise<string[]> => {
    const store = await life()
    const found = await contents(store)
    for (const write of writes)
      await (write.startsWith('+') ? store.append(utf8(write.slice(1))) : store.replace(utf8(write)))
    return found
  }
  const rule = (name: string, check: (life: () => Promise<StateStore>) => Promise<void>): ComplianceCase => ({
    name,
    run: async () => check((await place()).life),
  })
  return [
    rule('is empty at first', async (life) => {
      const found = await live(life)
      if (found.length > 0) throw new Error(`broken rule: an empty place; found ${found}`)
    }),
    rule('gives the next life an image and its changes, in order', async (life) => {
      await live(life, 'a', '+1', '+2', '+3')
      demand(await live(life), ['a+1+2+3'], 'what was written is read')
    }),
    rule('deletes nothing at the first write of a life, however many end there', async (life) => {
      await live(life, 'a', '+1')
      for (const image of ['b', 'c', 'd']) await live(life, image)
      demand(await live(life), ['a+1', 'b', 'c', 'd'], 'any of them may be the last')
    }),
    rule('keeps what the write before wrote beside another image', async (life) => {
      await live(life, 'a', '+1', 'b')
      demand(await live(life), ['a+1', 'b'], 'the image may never be marked')
      await live(life, 'c', '+1', '+2', 'd')
      demand(await live(life), ['c+1+2', 'd'], 'the image may never be marked')
    }),
    rule('lets go of older images in the end', async (life) => {
      await live(life, 'a', '+1', 'b', '+1', 'c', '+1', 'd', '+1')
      const found = await live(life)
      if (found.length > 2) throw new Error(`broken rule: a place does not grow for ever; found ${found}`)
    }),
    rule('keeps its own copy', async (life) => {
      const store = await life()
      await store.read()
      const [image, change] = [utf8('a'), utf8('1')]
      await store.replace(image)
      await store.append(change)
      image.fill(0)
      change.fill(0)
      demand(await live(life), ['a+1'], 'what the caller does later changes nothing')
    }),
  ]
}
