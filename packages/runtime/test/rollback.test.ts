// Ledger, sealed state and device together, against a host that owns the disk and the power switch (paper §6.1).
import { cp, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { EnclaveLedger } from '@dcml/channels'
import { signVoucher } from '@dcml/protocol'
import { createSimulator } from '@dcml/tee-simulator'
import { describe, expect, onTestFinished, test } from 'vitest'
import { alice, bytes, chain, codeOf, identity, NOW, opening, tokens } from '../../channels/test/world.ts'
import type { AntiRollbackDevice } from '../src/anti-rollback/device.ts'
import { exchange, HANDLE, TAG } from '../src/anti-rollback/tpm2/command.ts'
import { sized, u8, u32 } from '../src/anti-rollback/tpm2/wire.ts'
import { memoryDevice, openSealedState, tpm2Device } from '../src/index.ts'
import { hasSwtpm, startSwtpm } from './swtpm.ts'

const { sealingKey } = (await createSimulator()).createTee({ imageH: bytes(1) })
const log = { info: () => {} }

/** What a host has: a disk, and a device that it can use, or delete. */
interface Machine {
  readonly disk: string
  device(disk: string): Promise<AntiRollbackDevice>
  /** Leaves the device as one that was never used. */
  wipe(): Promise<void>
}

async function newDisk(): Promise<string> {
  const disk = await mkdtemp(join(tmpdir(), 'dcml-machine-'))
  onTestFinished(() => rm(disk, { recursive: true }))
  return disk
}

const machines: Readonly<Record<string, () => Promise<Machine>>> = {
  async memory() {
    let device = memoryDevice()
    const wipe = async () => {
      device = memoryDevice()
    }
    return { disk: await newDisk(), device: async () => device, wipe }
  },
  async tpm2() {
    const transport = await startSwtpm()
    return {
      disk: await newDisk(),
      async device(disk) {
        const device = await tpm2Device({ transport, sealingKey: await sealingKey(), file: join(disk, 'marks') })
        return device
      },
      async wipe() {
        const password = Buffer.concat([u32(HANDLE.password), sized(), u8(1), sized()])
        const handles = [HANDLE.owner, 0x018dc001].map(u32)
        await exchange(transport, TAG.withSessions, 0x122, Buffer.concat([...handles, u32(password.length), password]))
      },
    }
  },
}

/** An enclave's life on a disk of the machine. */
async function live(machine: Machine, disk = machine.disk) {
  const antiRollback = await machine.device(disk)
  const sealed = await openSealedState({
    folder: join(disk, 'state'),
    sealingKey: await sealingKey(),
    antiRollback,
    log,
  })
  const { store, isNewSession } = sealed
  const end = async () => {
    await sealed.close()
    if (antiRollback.name === 'tpm2') await antiRollback.close?.()
  }
  onTestFinished(end)
  try {
    const ledger = await EnclaveLedger.open({ identity, isNewSession, store, antiRollback, clock: () => NOW })
    return { ledger, end }
  } catch (error) {
    await end()
    throw error
  }
}

/** Channel 1 is open and has 1000 to spend. */
async function opened(machine: Machine) {
  const life = await live(machine)
  life.ledger.challenge(bytes(7))
  await life.ledger.establish(opening(), 0n)
  await authorise(life.ledger)
  return life
}

const authorise = async (ledger: EnclaveLedger) =>
  ledger.acceptVoucher(await signVoucher(chain, { channelId: 1n, authorised: 1000n }, alice))

async function spend(ledger: EnclaveLedger, request: string, completion: number): Promise<void> {
  await ledger.reserve(1n, request, tokens(0, completion))
  ledger.deliver(1n, request, tokens(0, completion))
  await ledger.release(1n, request)
}

async function copyOf(disk: string): Promise<string> {
  const copy = await newDisk()
  await cp(disk, copy, { recursive: true })
  return copy
}

describe.each(Object.keys(machines).filter((name) => name !== 'tpm2' || hasSwtpm))('%s', (name) => {
  const newMachine = machines[name]!

  test('an honest host: every life goes on where the one before ended', async () => {
    const machine = await newMachine()
    let life = await opened(machine)
    for (let n = 1; n <= 5; n++) {
      await spend(life.ledger, `${n}`, 10)
      await life.end()
      life = await live(machine)
      expect(life.ledger.amounts(1n).spent).toBe(80n * BigInt(n))
    }
    const approval = await life.ledger.requestClosure(1n)
    await life.end()
    expect(await (await live(machine)).ledger.requestClosure(1n)).toEqual(approval)
  })

  test('snapshot-restore: a channel used up and set back serves nothing and approves nothing', async () => {
    const machine = await newMachine()
    const life = await opened(machine)
    const before = await copyOf(machine.disk)
    await spend(life.ledger, 'all', 125)
    await life.end()
    await rm(join(machine.disk, 'state'), { recursive: true })
    expect(await codeOf(() => live(machine))).toBe('channel_state_missing')
    await cp(join(before, 'state'), join(machine.disk, 'state'), { recursive: true, force: true })
    expect(await codeOf(() => live(machine))).toBe('channel_state_rolled_back')
    const whole = await codeOf(() => live(machine, before))
    expect(whole).toBe(name === 'tpm2' ? 'rollback_mark_unknown' : 'channel_state_rolled_back')
  })

  test('clone: of two machines with copies of one disk, one counts and the other stops at its first step', async () => {
    const machine = await newMachine()
    await (await opened(machine)).end()
    const [one, other] = [await live(machine), await live(machine, await copyOf(machine.disk))]
    for (const { ledger } of [one, other]) await authorise(ledger)
    await spend(one.ledger, 'a', 100)
    expect(await codeOf(() => spend(other.ledger, 'a', 100))).toBe('channel_state_unsure')
    expect(await codeOf(() => other.ledger.requestClosure(1n))).toBe('channel_state_unsure')
    await spend(one.ledger, 'b', 10)
    expect(one.ledger.amounts(1n).spent).toBe(880n)
  })

  test('a device that was wiped: the session that it knew is refused, with an old disk and with the newest', async () => {
    const machine = await newMachine()
    const life = await opened(machine)
    const before = await copyOf(machine.disk)
    await spend(life.ledger, 'all', 125)
    await life.end()
    await machine.wipe()
    for (const disk of [before, machine.disk])
      expect(await codeOf(() => live(machine, disk))).toBe('channel_state_missing')
  })
})
