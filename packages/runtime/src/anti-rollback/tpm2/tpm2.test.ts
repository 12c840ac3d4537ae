// The mark in a real TPM's command set (swtpm), and a host that owns everything around it.
import { hkdfSync } from 'node:crypto'
import { copyFile, cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Mark } from '@dcml/channels'
import { antiRollbackCompliance } from '@dcml/channels/testing'
import { concatBytes, DcmlError, toHex } from '@dcml/protocol'
import fc from 'fast-check'
import { describe, expect, onTestFinished, test } from 'vitest'
import { hasSwtpm, type SoftTpm, startSwtpm } from '../../../test/swtpm.ts'
import { exchange, HANDLE, plain, TAG } from './command.ts'
import { type Tpm2Device, tpm2Device } from './tpm2.ts'
import { type TpmTransport, tpmDevice } from './transport.ts'
import { sized, u8, u16, u32 } from './wire.ts'

const sealingKey = new Uint8Array(32).fill(3)
const INDEX = 0x018dc001
const mark = (counter: number, byte = counter): Mark => ({
  counter: BigInt(counter),
  digest: new Uint8Array(32).fill(byte),
})

async function newFile(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'dcml-mark-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  return join(folder, 'marks')
}

/** A TPM and the file beside it. */
async function machine() {
  const [tpm, file] = [await startSwtpm(), await newFile()]
  const open = async (options: Partial<Parameters<typeof tpm2Device>[0]> = {}): Promise<Tpm2Device> => {
    const device = await tpm2Device({ transport: tpm, sealingKey, file, ...options })
    onTestFinished(() => device.close())
    return device
  }
  return { tpm, file, open }
}

const codeOf = (run: () => Promise<unknown>): Promise<string> =>
  run().then(
    () => 'none',
    (error) => (DcmlError.isInstance(error) ? error.code : String(error)),
  )

/** What the owner of the TPM sends, with his password. */
const asOwner = (tpm: TpmTransport, command: number, handles: readonly number[], ...parameters: Uint8Array[]) => {
  const password = concatBytes(u32(HANDLE.password), sized(), u8(1), sized())
  const body = concatBytes(...handles.map(u32), u32(password.length), password, ...parameters)
  return exchange(tpm, TAG.withSessions, command, body)
}
const undefine = (tpm: TpmTransport) => asOwner(tpm, 0x122, [HANDLE.owner, INDEX])

const commandOf = (bytes: Uint8Array): number => new DataView(bytes.buffer, bytes.byteOffset).getUint32(6)
const EXTEND = 0x136

/** Stands between the enclave and its TPM. */
function between(
  tpm: TpmTransport,
  meddle: { command?: (bytes: Uint8Array) => Uint8Array; answer?: (bytes: Uint8Array, to: number) => Uint8Array },
): TpmTransport {
  return {
    async transmit(command) {
      const answer = await tpm.transmit(meddle.command?.(command) ?? command)
      return meddle.answer?.(answer, commandOf(command)) ?? answer
    },
    close: () => tpm.close(),
  }
}

describe.runIf(hasSwtpm)('tpm2', () => {
  test.each(
    antiRollbackCompliance(async () => {
      const { open } = await machine()
      return { handle: await open(), again: open }
    }),
  )('$name', ({ run }) => run())

  test('says what it is: swtpm calls itself software', async () => {
    const { open } = await machine()
    expect(await open()).toMatchObject({ name: 'tpm2', environment: 'development' })
  })

  test('the mark survives the TPM and the process, and goes on', async () => {
    const { tpm, open } = await machine()
    const device = await open()
    for (const n of [1, 2, 3]) await device.advance(mark(n))
    await device.close()
    await tpm.restart()
    const again = await open()
    expect(await again.read()).toEqual(mark(3))
    await again.advance(mark(4))
    expect(await again.read()).toEqual(mark(4))
  })

  test('two copies with a disk each, racing: one of them, and the one that lost has lost for good', async () => {
    const { open, file } = await machine()
    let [device, disk] = [await open(), file]
    await device.advance(mark(1))
    for (let n = 2; n < 8; n++) {
      const copied = await newFile()
      await copyFile(disk, copied)
      const pair = [device, await open({ file: copied })]
      // a copy that looks first sees a conflict, one that does not sees a mark that it never heard of
      if (n % 2 === 0) await pair[1]!.read()
      const codes = await Promise.all(pair.map((each, i) => codeOf(() => each.advance(mark(n, 2 * n + i)))))
      expect(['rollback_conflict', 'rollback_mark_unknown']).toContain(codes.find((code) => code !== 'none'))
      const won = codes.indexOf('none')
      const [winner, loser] = [pair[won]!, pair[1 - won]!]
      for (const next of [n, n + 1])
        expect(await codeOf(() => loser.advance(mark(next, 99)))).toBe('rollback_mark_unknown')
      await loser.close()
      ;[device, disk] = [winner, [disk, copied][won]!]
    }
    expect((await device.read()).counter).toBe(7n)
  })

  test('somebody else using the TPM delays a step and no more', async () => {
    const { tpm, open } = await machine()
    const device = await open()
    const getRandom = () => plain(tpm, 0x17b, u16(8))
    for (let n = 1; n < 6; n++) {
      await getRandom()
      await Promise.all([device.advance(mark(n)), getRandom(), getRandom()])
    }
    expect(await device.read()).toEqual(mark(5))
  })

  test('works through a resource manager that swaps sessions out after each command, as the kernel does', async () => {
    const { tpm, open } = await machine()
    let session: number | undefined
    const swapping: TpmTransport = {
      async transmit(command) {
        const answer = await tpm.transmit(command)
        if (commandOf(command) === 0x176) session = new DataView(answer.buffer, answer.byteOffset).getUint32(10)
        else if (session !== undefined) {
          const saved = (await plain(tpm, 0x162, u32(session))).rest()
          await plain(tpm, 0x161, saved)
        }
        return answer
      },
      close: async () => {},
    }
    const device = await open({ transport: swapping })
    let extensions = 0
    const counting = between(swapping, {
      command(bytes) {
        if (commandOf(bytes) === EXTEND) extensions++
        return bytes
      },
    })
    await device.advance(mark(1))
    const other = await open({ transport: counting })
    await other.read()
    for (const n of [2, 3, 4]) await other.advance(mark(n))
    expect([await other.read(), extensions]).toEqual([mark(4), 3])
  })

  test('killed before or after the TPM took a step: the file says which, and the chain goes on', async () => {
    const { tpm, open } = await machine()
    const first = await open()
    await first.advance(mark(1))
    for (const [n, dies] of (['before', 'after', 'after', 'before'] as const).entries()) {
      const dying: TpmTransport = {
        async transmit(command) {
          if (commandOf(command) !== EXTEND) return tpm.transmit(command)
          if (dies === 'after') await tpm.transmit(command)
          throw new Error('killed')
        },
        close: async () => {},
      }
      await flush(tpm)
      const { counter } = await (await open()).read()
      const next = { counter: counter + 1n, digest: new Uint8Array(32).fill(100 + n) }
      const device = await open({ transport: dying })
      await expect(device.advance(next)).rejects.toThrow('killed')
      const again = await open()
      expect((await again.read()).counter).toBe(dies === 'after' ? next.counter : counter)
      await again.close()
    }
  })

  test('another enclave’s index, and one that only looks like it, are refused', async () => {
    const { open } = await machine()
    const device = await open()
    const other = await open({ sealingKey: new Uint8Array(32).fill(4), file: await newFile() })
    expect(await codeOf(() => other.advance(mark(1, 9)))).toBe('tpm_index_foreign')
    await device.advance(mark(1))
    expect(await codeOf(() => other.read())).toBe('tpm_index_foreign')
    expect(await device.read()).toEqual(mark(1))
  })

  test('an index of another kind is left alone', async () => {
    const { tpm, open } = await machine()
    const ordinary = concatBytes(u32(INDEX), u16(0x0b), u32(0x00040004), sized(), u16(32))
    await asOwner(tpm, 0x12a, [HANDLE.owner], sized(), sized(ordinary))
    expect(await codeOf(open)).toBe('tpm_index_foreign')
  })

  test('the host deletes the index: a running enclave stops, a new one starts from nothing and under another name', async () => {
    const { tpm, open } = await machine()
    const device = await open()
    await device.advance(mark(1))
    await undefine(tpm)
    expect(await codeOf(() => device.advance(mark(2)))).toBe('tpm_index_foreign')
    const fresh = await open()
    expect(await fresh.read()).toEqual({ counter: 0n, digest: new Uint8Array(32) })
    expect(toHex(fresh.incarnation)).not.toBe(toHex(device.incarnation))
    // a copy of the enclave from before the deletion, with the right secrets, does not get onto the new index
    for (const step of [() => device.read(), () => device.advance(mark(1)), () => device.advance(mark(2))])
      expect(await codeOf(step)).toBe('tpm_index_foreign')
    await fresh.advance(mark(1, 7))
    expect(await fresh.read()).toEqual(mark(1, 7))
  })

  test('the host defines the index anew with the same public area, but cannot know its authorisation', async () => {
    const { tpm, open } = await machine()
    const device = await open()
    await device.advance(mark(1))
    const area = concatBytes(u32(INDEX), u16(0x0b), u32(0x02040044), sized(device.incarnation), u16(32))
    await undefine(tpm)
    await asOwner(tpm, 0x12a, [HANDLE.owner], sized(), sized(area))
    for (const step of [() => device.advance(mark(2)), () => device.advance(mark(1))])
      expect(await codeOf(step)).not.toBe('none')
    const fresh = await open()
    expect(await codeOf(() => fresh.advance(mark(1)))).toBe('tpm_index_foreign')
  })

  test('the authorisation of the index is on the wire in no message', async () => {
    const { tpm, open } = await machine()
    const seen: Buffer[] = []
    const listen = (bytes: Uint8Array): Uint8Array => {
      seen.push(Buffer.from(bytes))
      return bytes
    }
    const listening = between(tpm, { command: listen, answer: listen })
    const device = await open({ transport: listening })
    await device.advance(mark(1))
    const auth = new Uint8Array(hkdfSync('sha256', sealingKey, 'dcml/tpm2/1', 'index', 32))
    expect(seen.length).toBeGreaterThan(8)
    expect(seen.some((bytes) => bytes.includes(Buffer.from(auth.subarray(0, 8))))).toBe(false)
  })

  test('an authorisation that ends in a zero works as any other: TPMs drop it', async () => {
    const derived = (key: Uint8Array) => new Uint8Array(hkdfSync('sha256', key, 'dcml/tpm2/1', 'index', 32))
    const keys = Array.from({ length: 5000 }, (_, i) => new Uint8Array(32).fill(i & 255).with(0, i >> 8))
    const key = keys.find((each) => derived(each).at(-1) === 0)!
    const { open } = await machine()
    const device = await open({ sealingKey: key })
    await device.advance(mark(1))
    expect(await device.read()).toEqual(mark(1))
  })

  test('a file that cannot be made or written is told by name, and the TPM is left alone', async () => {
    const { open } = await machine()
    expect(await codeOf(() => open({ file: '/nonexistent/marks' }))).toBe('state_write_failed')
    const full = await open({ file: '/dev/full' })
    expect(await codeOf(() => full.advance(mark(1)))).toBe('state_disk_full')
    expect((await (await open()).read()).counter).toBe(0n)
  })

  test('an owner with a password is asked for it', async () => {
    const { tpm, open } = await machine()
    const ownerAuth = new TextEncoder().encode('owner')
    await asOwner(tpm, 0x129, [HANDLE.owner], sized(ownerAuth))
    expect(await codeOf(open)).toBe('tpm_refused')
    const device = await open({ ownerAuth })
    await device.advance(mark(1))
    expect(await device.read()).toEqual(mark(1))
  })

  test('whatever bit of whatever message is flipped: refused, or without effect', async () => {
    const { tpm, open } = await machine()
    let number = 1
    await (await open()).advance(mark(number))
    const flips = fc.record({
      message: fc.nat(16),
      at: fc.nat(400),
      bit: fc.nat(7),
      to: fc.constantFrom('command', 'answer'),
    })
    await fc.assert(
      fc.asyncProperty(flips, async ({ message, at, bit, to }) => {
        let count = 0
        const flip = (bytes: Uint8Array): Uint8Array =>
          count++ === message ? bytes.with(at % bytes.length, bytes[at % bytes.length]! ^ (1 << bit)) : bytes
        const meddled = await open({ transport: between(tpm, { [to]: flip }) }).catch(() => undefined)
        const next = mark(number + 1, (number * 7) & 255)
        const read = await meddled?.read().catch(() => undefined)
        if (read !== undefined) expect(read.counter).toBe(BigInt(number))
        const done = await meddled?.advance(next).then(
          () => true,
          () => false,
        )
        await flush(tpm)
        await meddled?.close()
        const honest = await open()
        const after = await honest.read()
        await honest.close()
        if (done) expect(after).toEqual(next)
        // what was answered and then altered was done, and nobody was told so
        else expect([BigInt(number), BigInt(number + 1)]).toContain(after.counter)
        number = Number(after.counter)
      }),
      { numRuns: 60 },
    )
  })

  test('an answer that is replayed is found out', async () => {
    const { tpm, open } = await machine()
    const old = new Map<number, Uint8Array>()
    let replay: number | undefined
    const replaying: TpmTransport = {
      async transmit(command) {
        const code = commandOf(command)
        // the host keeps the step from the TPM and says what the TPM said to the one before
        if (code === replay) return old.get(code)!
        const answer = await tpm.transmit(command)
        old.set(code, answer)
        return answer
      },
      close: async () => {},
    }
    const device = await open({ transport: replaying })
    await device.advance(mark(1))
    await device.read()
    for (const code of [EXTEND, 0x14e]) {
      const victim = await open({ transport: replaying })
      await victim.read()
      replay = code
      const step = code === EXTEND ? () => victim.advance(mark(2)) : () => victim.read()
      expect(await codeOf(step)).toBe('tpm_answer_forged')
      // and the session is not used again
      replay = undefined
      expect(await codeOf(() => victim.read())).toBe('tpm_answer_forged')
      await victim.close()
    }
    expect(await device.read()).toEqual(mark(1))
  })

  test('the file beside the TPM can be lost, old or altered: then nothing is read, and never another mark', async () => {
    const { file, open } = await machine()
    const device = await open()
    const copies: Buffer[] = []
    for (let n = 1; n < 6; n++) {
      await device.advance(mark(n))
      copies.push(await readFile(file))
    }
    const found = async (bytes: Uint8Array) => {
      const path = await newFile()
      await writeFile(path, bytes)
      const again = await open({ file: path })
      try {
        return await again.read()
      } catch (error) {
        return (error as DcmlError).code
      } finally {
        await again.close()
      }
    }
    for (const old of [Buffer.alloc(0), ...copies.slice(0, -1)]) expect(await found(old)).toBe('rollback_mark_unknown')
    const last = copies.at(-1)!
    expect(await found(last)).toEqual(mark(5))
    const used = last.findLastIndex((byte) => byte !== 0)
    await fc.assert(
      fc.asyncProperty(fc.nat(used), fc.nat(7), async (at, bit) => {
        const altered = Uint8Array.from(last)
        altered[at]! ^= 1 << bit
        expect(['rollback_mark_unknown', mark(5)]).toContainEqual(await found(altered))
      }),
      { numRuns: 20 },
    )
  })

  test('what is not promised: the owner of a software TPM copies its state, and turns the mark back', async () => {
    const { tpm, file, open } = await machine()
    const before = { tpm: await newFile(), file: await newFile() }
    const device = await open()
    await device.advance(mark(1))
    await device.close()
    await tpm.restart(() => cp(tpm.state, before.tpm, { recursive: true, filter: (path) => !path.endsWith('socket') }))
    await copyFile(file, before.file)
    const used = await open()
    await used.advance(mark(2))
    await used.close()
    await tpm.restart(() => cp(before.tpm, tpm.state, { recursive: true, force: true }))
    expect(await (await open({ file: before.file })).read()).toEqual(mark(1))
  })
})

/** Ends the sessions and keys that broken runs left behind, as the kernel does when a process ends. */
async function flush(tpm: SoftTpm): Promise<void> {
  for (const first of [0x02000000, 0x80000000]) {
    const reader = await plain(tpm, 0x17a, u32(1), u32(first), u32(64))
    reader.take(5)
    for (let left = reader.u32(); left > 0; left--) await plain(tpm, 0x165, u32(reader.u32()))
  }
}

test('a TPM that is not there is told by name', async () => {
  expect(await codeOf(() => tpmDevice('/dev/absent'))).toBe('tpm_unavailable')
})

test('a device that answers nothing, or nonsense, is no TPM', async () => {
  for (const answer of [new Uint8Array(), new Uint8Array(10), Uint8Array.of(0x80, 1, 0, 0, 0, 11, 0, 0, 0, 0, 1)]) {
    const transport = { transmit: async () => answer, close: async () => {} }
    const opened = () => tpm2Device({ transport, sealingKey, file: '/nonexistent/marks' })
    expect(await codeOf(opened)).toBe('tpm_answer_malformed')
  }
})

test('whatever bytes come as answers, they are refused by name', () =>
  fc.assert(
    fc.asyncProperty(
      fc.infiniteStream(
        fc.record({ code: fc.constantFrom(0, 0, 0, 0x18b, 0x101), body: fc.uint8Array({ maxLength: 200 }) }),
      ),
      async (answers) => {
        const transport: TpmTransport = {
          async transmit(command) {
            const { code, body } = answers.next().value
            return concatBytes(command.subarray(0, 2), u32(10 + body.length), u32(code), body)
          },
          close: async () => {},
        }
        const opened = tpm2Device({ transport, sealingKey, file: '/nonexistent/marks' })
        expect(await codeOf(() => opened)).toMatch(/^tpm_(answer_malformed|refused)$/)
      },
    ),
  ))
