import { createHash } from 'node:crypto'
import { fromBase64url, toHex } from '@dcml/protocol'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createSimulator, type SimulatedTee } from './index.ts'

const imageH = new Uint8Array(32).fill(7)
const now = new Date('2026-11-21T12:34:56Z')
const simulator = await createSimulator()
const start = (): SimulatedTee => simulator.createTee({ imageH })

interface LogEntry {
  imr: number
  event: string
  digest: string
  payload: string
}
const logOf = async (tee: SimulatedTee): Promise<LogEntry[]> =>
  JSON.parse(new TextDecoder().decode((await tee.quote(new Uint8Array(64))).eventLog))

test('a boot measures the image before it says ready', async () => {
  const events = (await logOf(start())).filter(({ imr }) => imr === 3)
  expect(events.map(({ event }) => event)).toEqual(['image', 'ready'])
  expect(fromBase64url(events[0]!.payload)).toEqual(imageH)
})

test('the boot image of a policy is what a fresh TEE has measured', () => {
  const { rtmr0, rtmr1, rtmr2 } = simulator.image
  expect(start().rtmrs.slice(0, 3).map(toHex)).toEqual([rtmr0, rtmr1, rtmr2])
})

test('whatever is measured, the quoted registers are those the log leads to', () =>
  fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(fc.integer({ min: 0, max: 3 }), fc.string(), fc.uint8Array({ maxLength: 64 })), {
        maxLength: 8,
      }),
      async (events) => {
        const tee = start()
        for (const [imr, event, payload] of events) tee.extend(imr, event, payload)
        const registers = [0, 1, 2, 3].map(() => '00'.repeat(48))
        for (const { imr, digest } of await logOf(tee))
          registers[imr] = createHash('sha384').update(`${registers[imr]}${digest}`, 'hex').digest('hex')
        expect(tee.rtmrs.map(toHex)).toEqual(registers)
        const { quote } = await tee.quote(new Uint8Array(64))
        expect(toHex(quote)).toContain(registers.join(''))
      },
    ),
    { numRuns: 30 },
  ))

test('digests are those of dstack: SHA-384 over type, name and payload', async () => {
  const tee = start()
  tee.extend(3, 'app', Uint8Array.of(1, 2))
  const expected = createHash('sha384').update(Buffer.from('010000083a6170703a0102', 'hex')).digest('hex')
  expect((await logOf(tee)).at(-1)).toEqual({ imr: 3, event: 'app', digest: expected, payload: 'AQI' })
})

test('there is no fifth register', () => {
  expect(() => start().extend(4, 'app', imageH)).toThrow(expect.objectContaining({ code: 'simulator_rtmr' }))
})

test('a rolled back TEE shows its old registers, and the counter gives it away', () => {
  const tee = start()
  const before = tee.rtmrs.map(toHex)
  const snapshot = tee.snapshot()
  tee.extend(3, 'payment', Uint8Array.of(1))
  const seen = tee.counter.increment()
  tee.restore(snapshot)
  expect(tee.rtmrs.map(toHex)).toEqual(before)
  expect(tee.counter.read()).toBe(seen)
})

test('clones part ways in their registers and share one counter', () => {
  const tee = start()
  const clone = tee.clone()
  tee.extend(3, 'payment', Uint8Array.of(1))
  expect(clone.rtmrs.map(toHex)).toEqual(start().rtmrs.map(toHex))
  expect([tee.counter.increment(), clone.counter.increment(), tee.counter.increment()]).toEqual([1n, 2n, 3n])
})

test('a restart forgets what was measured and goes on counting', () => {
  const tee = start()
  tee.extend(3, 'payment', Uint8Array.of(1))
  tee.counter.increment()
  const again = tee.restart()
  expect(again.rtmrs.map(toHex)).toEqual(start().rtmrs.map(toHex))
  expect(again.counter.increment()).toBe(2n)
})

test('two TEEs of one machine have counters of their own', () => {
  const [one, other] = [start(), start()]
  one.counter.increment()
  expect(other.counter.read()).toBe(0n)
})

test('a sealing key is of a platform and an image: the same after a boot, another for another image or machine', async () => {
  const tee = start()
  const keyOf = async (of: SimulatedTee) => toHex(await of.sealingKey())
  const other = await createSimulator({ seed: Uint8Array.of(1) })
  expect(await keyOf(tee.restart())).toBe(await keyOf(tee))
  expect(await keyOf(start())).toBe(await keyOf(tee))
  const others = [simulator.createTee({ imageH: new Uint8Array(32) }), other.createTee({ imageH })]
  expect(new Set(await Promise.all([tee, ...others].map(keyOf))).size).toBe(3)
})

test('whoever gets a sealing key cannot change it for the next', async () => {
  const tee = start()
  const first = await tee.sealingKey()
  first.fill(0)
  expect(await tee.sealingKey()).not.toEqual(first)
})

test('a SEV-SNP guest quotes its image as HOST_DATA, and has no registers', async () => {
  const guest = simulator.createTee({ imageH, tee: 'snp' })
  const { tee, report } = await guest.quote(new Uint8Array(64).fill(9))
  expect([tee, report.length]).toEqual(['snp', 1184])
  expect(report.slice(0x50, 0x90)).toEqual(new Uint8Array(64).fill(9))
  expect(report.slice(0xc0, 0xe0)).toEqual(imageH)
  expect(() => guest.extend(3, 'app', imageH)).toThrow(expect.objectContaining({ code: 'simulator_rtmr' }))
  await expect(guest.quote(imageH)).rejects.toThrow(expect.objectContaining({ code: 'simulator_field' }))
})

test('GPUs sign the nonce they are given, and stay with the machine through clones and restarts', async () => {
  const tee = simulator.createTee({ imageH, gpus: 2, switches: 1 })
  const nonce = new Uint8Array(32).fill(3)
  const devices = await tee.clone().gpu!.evidence(nonce)
  expect(devices.map(({ kind }) => kind)).toEqual(['gpu', 'gpu', 'switch'])
  expect(devices.map(({ report }) => report.slice(4, 36))).toEqual([nonce, nonce, nonce])
  const certificates = (await tee.restart().gpu!.evidence(imageH)).map((device) => device.certificates)
  expect(certificates).toEqual(devices.map((device) => device.certificates))
  expect(new Set(certificates).size).toBe(3)
  expect(start().gpu).toBeUndefined()
})

test('equal seeds and hours give equal certificates, RIMs and revocation statements', async () => {
  const vouchers = async () => {
    const { gpu } = (await createSimulator({ now })).createTee({ imageH, gpus: 1 })
    return (await gpu!.evidence(imageH)).map(({ report: _, ...rest }) => rest)
  }
  expect(await vouchers()).toEqual(await vouchers())
})

test('revocation follows the clock of a machine that runs for days', async () => {
  let today = now
  const { gpu } = (await createSimulator({ now: () => today })).createTee({ imageH, gpus: 1 })
  const [before] = await gpu!.evidence(imageH)
  today = new Date(now.getTime() + 25 * 3_600_000)
  const [after] = await gpu!.evidence(imageH)
  expect(after!.revocations).not.toEqual(before!.revocations)
  expect(after!.certificates).toBe(before!.certificates)
})

test.each([{ gpus: 9 }, { gpus: 0.5 }, { switches: 1 }, { gpus: 1, switches: 1 }, { gpus: 8, switches: 5 }])(
  'no machine has %o',
  (machine) => {
    expect(() => simulator.createTee({ imageH, ...machine })).toThrow(
      expect.objectContaining({ code: 'simulator_field' }),
    )
  },
)

test('a GPU takes no other nonce than one of 32 bytes', async () => {
  const { gpu } = simulator.createTee({ imageH, gpus: 1 })
  await expect(gpu!.evidence(new Uint8Array(31))).rejects.toThrow(expect.objectContaining({ code: 'simulator_field' }))
})
