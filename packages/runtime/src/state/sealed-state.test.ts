// A host that owns the disk: it may kill the enclave at any byte, and put back whatever it once saw.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { cp, mkdir, mkdtemp, readdir, readFile, rm, symlink, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type AntiRollback, EnclaveLedger, type StoredState } from '@dcml/channels'
import { memoryAntiRollback } from '@dcml/channels/testing'
import { concatBytes, DcmlError, equalBytes, toHex, utf8 } from '@dcml/protocol'
import fc from 'fast-check'
import { expect, onTestFinished, test } from 'vitest'
import { sealer } from './seal.ts'
import { openSealedState, type SealedState } from './sealed-state.ts'

const sealingKey = new Uint8Array(32).fill(9)
const log = { info: () => {} }
const identity = {
  chain: { networkId: 'testnet', contract: 'model.test' },
  sessionKey: new Uint8Array(32).fill(1),
  modelH: new Uint8Array(32).fill(2),
  host: 'bob.test',
}
const sha256 = async (bytes: Uint8Array) =>
  new Uint8Array(await crypto.subtle.digest('SHA-256', Uint8Array.from(bytes)))

async function newFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'dcml-state-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  return join(folder, 'state')
}

/** One machine: a folder and a device. */
async function machine(device: AntiRollback = memoryAntiRollback()) {
  const folder = await newFolder()
  const open = (options: Partial<Parameters<typeof openSealedState>[0]> = {}) =>
    openSealedState({ folder, sealingKey, log, antiRollback: device, ...options })
  return { folder, device, open, writer: new Writer(device) }
}

const piece = (number: number, length = 300): Uint8Array => {
  const bytes = new Uint8Array(20 + length).fill(number)
  bytes.set(utf8(`piece ${number}`))
  return bytes
}

/** Names a state: each image or change with all before it. */
async function digestOf({ image, changes }: StoredState): Promise<Uint8Array> {
  let digest = await sha256(image)
  for (const change of changes) digest = await sha256(concatBytes(digest, change))
  return digest
}

/** Writes and marks, as the ledger does. */
class Writer {
  readonly device: AntiRollback
  state: StoredState | undefined
  constructor(device: AntiRollback) {
    this.device = device
  }
  async write(life: SealedState, bytes: Uint8Array, kind: 'replace' | 'append'): Promise<StoredState> {
    if (kind === 'replace' || this.state === undefined) {
      await life.store.replace(bytes)
      return { image: bytes, changes: [] }
    }
    await life.store.append(bytes)
    return { image: this.state.image, changes: [...this.state.changes, bytes] }
  }
  async commit(life: SealedState, bytes: Uint8Array, kind: 'replace' | 'append' = 'replace'): Promise<void> {
    const state = await this.write(life, bytes, kind)
    const { counter } = await this.device.read()
    await this.device.advance({ counter: counter + 1n, digest: await digestOf(state) })
    this.state = state
  }
}

/** The state that the device marks, as the ledger finds it, or undefined where it refuses. */
async function marked({ store }: SealedState, device: AntiRollback): Promise<StoredState | undefined> {
  const { digest } = await device.read()
  for (const { image, changes } of await store.read())
    for (let count = 0; count <= changes.length; count++) {
      const state = { image, changes: changes.slice(0, count) }
      if (equalBytes(await digestOf(state), digest)) return state
    }
  return undefined
}

const codeOf = (run: () => Promise<unknown>): Promise<string> =>
  run().then(
    () => 'none',
    (error) => (DcmlError.isInstance(error) ? error.code : String(error)),
  )

test('a session is begun once and goes on with its seed and its last state', async () => {
  const { open, device, writer } = await machine()
  const first = await open()
  expect([first.isNewSession, first.sessionSeed.length, await first.store.read()]).toEqual([true, 32, []])
  await writer.commit(first, piece(1))
  for (const n of [2, 3]) await writer.commit(first, piece(n), 'append')
  await first.close()
  const second = await open()
  expect([second.isNewSession, toHex(second.sessionSeed)]).toEqual([false, toHex(first.sessionSeed)])
  expect(await marked(second, device)).toEqual({ image: piece(1), changes: [piece(2), piece(3)] })
  await second.close()
})

test('the real ledger opens from it what it wrote', async () => {
  const { open, device } = await machine()
  const ledgerOf = ({ store, isNewSession }: SealedState) =>
    EnclaveLedger.open({ identity, isNewSession, store, antiRollback: device, clock: () => 0 })
  const life = await open()
  await ledgerOf(life)
  await life.close()
  const again = await open()
  expect(again.isNewSession).toBe(false)
  await ledgerOf(again)
  await again.close()
  const swapped = await open({ antiRollback: memoryAntiRollback() })
  await swapped.close()
  expect(swapped.isNewSession).toBe(true)
})

test('nothing is kept before the first write, and a start killed before its first mark is begun anew', async () => {
  const { open, folder, writer } = await machine()
  const seeds = []
  for (const write of [false, true, true]) {
    const life = await open()
    expect(life.isNewSession).toBe(true)
    seeds.push(toHex(life.sessionSeed))
    if (write) await life.store.replace(piece(1))
    await life.close()
  }
  expect(new Set(seeds).size).toBe(3)
  expect(await readdir(folder)).toHaveLength(1)
  const last = await open()
  await writer.commit(last, piece(2))
  await last.close()
  const again = await open()
  expect(again).toMatchObject({ isNewSession: false, sessionSeed: last.sessionSeed })
  await again.close()
})

test('an old session is never taken for a new one: not on an empty device, not without its states', async () => {
  const { open, folder, writer } = await machine()
  const life = await open()
  for (const n of [1, 2]) await writer.commit(life, piece(n), 'append')
  await life.close()
  const swapped = await open({ antiRollback: memoryAntiRollback() })
  expect(swapped).toMatchObject({ isNewSession: false, sessionSeed: life.sessionSeed })
  await swapped.close()
  await rm(folder, { recursive: true })
  const emptied = await open()
  expect(emptied.isNewSession).toBe(true)
  expect(toHex(emptied.sessionSeed)).not.toBe(toHex(life.sessionSeed))
  await emptied.close()
})

test('another image or machine, an altered file and a mixture of two sessions are refused by name', async () => {
  const [one, other] = [await machine(), await machine()]
  for (const { open, writer } of [one, other]) {
    const life = await open()
    for (const n of [1, 2]) await writer.commit(life, piece(n))
    await life.close()
  }
  expect(await codeOf(() => one.open({ sealingKey: new Uint8Array(32) }))).toBe('state_unreadable')
  const [name] = await readdir(one.folder)
  await cp(join(other.folder, name!), join(one.folder, name!))
  expect(await codeOf(one.open)).toBe('state_unreadable')
  for (const file of await readdir(one.folder)) await truncate(join(one.folder, file), 40)
  expect(await codeOf(one.open)).toBe('state_unreadable')
})

test('a second start is told that the folder is in use, and one after a kill -9 is not', async () => {
  const { open, folder } = await machine()
  const script = `
    import { openSealedState } from ${JSON.stringify(fileURLToPath(new URL('./sealed-state.ts', import.meta.url)))}
    import { memoryAntiRollback } from '@dcml/channels/testing'
    const options = { folder: ${JSON.stringify(folder)}, sealingKey: new Uint8Array(32).fill(9), log: { info() {} } }
    await openSealedState({ ...options, antiRollback: memoryAntiRollback() })
    console.log('open')
    setInterval(() => {}, 1000)`
  const child = spawn(process.execPath, ['--conditions=@dcml/source', '--input-type=module', '-e', script], {
    cwd: fileURLToPath(new URL('..', import.meta.url)),
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  await once(child.stdout, 'data')
  expect(await codeOf(open)).toBe('state_in_use')
  const gone = once(child, 'exit')
  child.kill('SIGKILL')
  await gone
  const life = await open()
  expect(await codeOf(open)).toBe('state_in_use')
  await life.close()
  await (await open()).close()
})

test.runIf(process.platform === 'linux')('a full disk is told by name, and the state before stays', async () => {
  const { open, folder, device, writer } = await machine()
  const life = await open()
  await writer.commit(life, piece(1))
  await writer.commit(life, piece(2), 'append')
  await life.close()
  const full = await open()
  // the next log is a file on which every write fails with ENOSPC
  await symlink('/dev/full', join(folder, 'state-2.new'))
  expect(await codeOf(() => full.store.replace(piece(3)))).toBe('state_disk_full')
  await full.close()
  const again = await open()
  expect(await marked(again, device)).toEqual({ image: piece(1), changes: [piece(2)] })
  await writer.commit(again, piece(3))
  await again.close()
  expect(await readdir(folder)).toEqual(['state-1', 'state-2'])
})

test('what never became a log is removed, and what others keep in the folder is left alone', async () => {
  const { open, folder, device, writer } = await machine()
  const life = await open()
  await writer.commit(life, piece(1))
  await life.close()
  for (const name of ['state-2.new', 'quorum.new', 'tpm2', 'state-x']) await writeFile(join(folder, name), piece(2))
  const again = await open()
  expect(await marked(again, device)).toEqual(writer.state)
  await writer.commit(again, piece(3))
  await writer.commit(again, piece(4), 'append')
  await again.close()
  expect((await readdir(folder)).toSorted()).toEqual(['quorum.new', 'state-2', 'state-x', 'tpm2'])
})

test('what is there is deleted no sooner than the mark has passed it', async () => {
  const { open, folder, writer } = await machine()
  for (let life = 1; life <= 3; life++) {
    const state = await open()
    await writer.write(state, piece(life), 'replace')
    await state.close()
    if (life === 1) await writer.device.advance({ counter: 1n, digest: await sha256(piece(1)) })
  }
  expect(await readdir(folder)).toHaveLength(3)
  const last = await open()
  await writer.commit(last, piece(4))
  expect(await readdir(folder)).toHaveLength(4)
  await writer.commit(last, piece(5), 'append')
  expect(await readdir(folder)).toEqual(['state-4'])
  await last.close()
})

/** What a host does between two lives. */
const deed = fc.record({
  kind: fc.constantFrom('commit', 'commit', 'commit', 'kill after the write', 'kill in the write', 'restart'),
  how: fc.constantFrom('replace', 'append', 'append'),
  length: fc.nat(5000),
  /** How much of the write got to the disk. */
  part: fc.float({ min: 0, max: 1, noNaN: true }),
})

/** Undoes the end of the last write, as a loss of power does: of what changed, only the first part got there. */
async function tear(folder: string, before: Map<string, Uint8Array>, part: number): Promise<void> {
  for (const name of await readdir(folder)) {
    const now = await readFile(join(folder, name))
    const old = before.get(name)
    // a new log has its name once it is whole; a log that grew keeps what it had
    if (old === undefined) await rm(join(folder, name))
    else if (now.length > old.length)
      await truncate(join(folder, name), old.length + Math.floor((now.length - old.length) * part))
  }
  // what was deleted meanwhile is there again
  const there = await readdir(folder)
  for (const [name, bytes] of before) if (!there.includes(name)) await writeFile(join(folder, name), bytes)
}

const snapshot = async (folder: string): Promise<Map<string, Uint8Array>> =>
  new Map(
    await Promise.all((await readdir(folder)).map(async (name) => [name, await readFile(join(folder, name))] as const)),
  )

test('killed at any byte of any write, however often: the marked state is found, always', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(deed, { maxLength: 25 }), async (deeds) => {
      const { open, folder, device, writer } = await machine()
      let life = await open()
      const seed = toHex(life.sessionSeed)
      await writer.commit(life, piece(0))
      // a life begins with an image, as the ledger's does
      let begun = true
      for (const [n, { kind, how, length, part }] of deeds.entries()) {
        const write = begun ? how : 'replace'
        if (kind === 'commit') {
          await writer.commit(life, piece(n, length), write)
          begun = true
        } else {
          const before = await snapshot(folder)
          if (kind !== 'restart') await writer.write(life, piece(n, length), write)
          await life.close()
          if (kind === 'kill in the write') await tear(folder, before, part)
          life = await open()
          begun = false
        }
        expect(toHex(life.sessionSeed)).toBe(seed)
        if (!begun) expect(await marked(life, device)).toEqual(writer.state)
      }
      await life.close()
    }),
    { numRuns: 60 },
  )
})

test('whatever the host puts back, flips, cuts or swaps: the marked state or none, never another', async () => {
  const { open, folder, device, writer } = await machine()
  const life = await open()
  const copies: Map<string, Uint8Array>[] = []
  for (const [n, how] of (['replace', 'append', 'append', 'replace', 'append', 'append'] as const).entries()) {
    await writer.commit(life, piece(n), how)
    copies.push(await snapshot(folder))
  }
  await life.close()
  const put = async (files: Map<string, Uint8Array>): Promise<StoredState | undefined> => {
    await rm(folder, { recursive: true })
    await mkdir(folder)
    for (const [name, bytes] of files) await writeFile(join(folder, name), bytes)
    const opened = await open().catch((error: DcmlError) => {
      expect(error.code).toBe('state_unreadable')
    })
    if (!opened) return undefined
    const found = await marked(opened, device)
    await opened.close()
    return found
  }
  const last = copies.at(-1)!
  expect([...last.keys()]).toEqual(['state-2'])
  const whole = last.get('state-2')!
  expect(
    await put(
      new Map([
        ['state-1', whole],
        ['state-9', copies[0]!.get('state-1')!],
      ]),
    ),
  ).toEqual(writer.state)
  for (const old of copies.slice(0, -1)) expect(await put(old)).toBeUndefined()
  const damage = fc.record({ at: fc.nat(whole.length - 1), bit: fc.nat(7), cut: fc.boolean() })
  await fc.assert(
    fc.asyncProperty(damage, async ({ at, bit, cut }) => {
      const bytes = cut ? whole.subarray(0, at) : whole.with(at, whole[at]! ^ (1 << bit))
      expect(await put(new Map([['state-2', bytes]]))).toBeUndefined()
    }),
    { numRuns: 150 },
  )
  // changes that change places, and one that is left out
  const frames = [whole.subarray(0, 4 + lengthAt(whole, 0))]
  for (let at = frames[0]!.length; at < whole.length; at += frames.at(-1)!.length)
    frames.push(whole.subarray(at, at + 4 + lengthAt(whole, at)))
  const [image, one, other] = frames as [Uint8Array, Uint8Array, Uint8Array]
  for (const order of [
    [image, other, one],
    [image, other],
    [one, other],
    [other, one, image],
    [image, image, one, other],
  ])
    expect(await put(new Map([['state-2', concatBytes(...order)]]))).toBeUndefined()
  expect(await put(last)).toEqual(writer.state)
})

const lengthAt = (bytes: Uint8Array, at: number): number => new DataView(bytes.buffer, bytes.byteOffset).getUint32(at)

test('what is sealed opens byte for byte, for its own key and purpose only', () => {
  const { seal, open } = sealer(sealingKey, 'state')
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), fc.nat(), fc.nat(7), (plain, at, bit) => {
      const sealed = seal(plain)
      expect(open(sealed)).toEqual(plain)
      expect(sealed).toEqual(seal(plain))
      expect(open(sealed.with(at % sealed.length, sealed[at % sealed.length]! ^ (1 << bit)))).toBeUndefined()
      expect(open(sealed.subarray(0, at % sealed.length))).toBeUndefined()
      expect(sealer(sealingKey, 'other').open(sealed)).toBeUndefined()
      expect(sealer(new Uint8Array(32), 'state').open(sealed)).toBeUndefined()
      if (plain.length > 3) expect(Buffer.from(sealed).includes(Buffer.from(plain))).toBe(false)
    }),
  )
})
