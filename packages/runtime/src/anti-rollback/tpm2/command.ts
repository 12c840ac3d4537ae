// Commands without authorisation, and what their answers have in common (TPM 2.0 Library, Part 1 §18, Part 3).
import { setTimeout as sleep } from 'node:timers/promises'
import { concatBytes } from '@dcml/protocol'
import type { TpmTransport } from './transport.ts'
import { malformed, Reader, u16, u32 } from './wire.ts'

export const COMMAND = {
  defineSpace: 0x12a,
  createPrimary: 0x131,
  extend: 0x136,
  read: 0x14e,
  flushContext: 0x165,
  readPublic: 0x169,
  startAuthSession: 0x176,
  getCapability: 0x17a,
} as const

/** Handles that are there without being made. */
export const HANDLE = { owner: 0x40000001, none: 0x40000007, password: 0x40000009 } as const

/** Codes of answers (Part 2 §6.6); those of format one without the number of the handle, parameter or session. */
export const CODE = {
  exclusive: 0x121,
  handle: 0x8b,
  authFail: 0x8e,
  badAuth: 0xa2,
} as const
/** Try again: testing, NV worn by too many writes, locked for a moment, out of what the command needs. */
const WAIT: ReadonlySet<number> = new Set([0x90a, 0x920, 0x922])
const ATTEMPTS = 50

export const TAG = { plain: 0x8001, withSessions: 0x8002 } as const

/** A command that the TPM refused. */
export class TpmRefusal extends Error {
  override readonly name = 'TpmRefusal'
  readonly code: number

  constructor(code: number) {
    super(`The TPM answered 0x${code.toString(16)}.`)
    // format one: bits 8 to 11 and 6 say what the code is about
    this.code = (code & 0x80) === 0 ? code : code & 0xbf
  }

  static is(error: unknown, ...names: readonly (keyof typeof CODE)[]): boolean {
    return error instanceof TpmRefusal && names.some((name) => CODE[name] === error.code)
  }
}

/** What follows the code of an answer. @throws TpmRefusal, or DcmlError `tpm_answer_malformed` */
export async function exchange(tpm: TpmTransport, tag: number, command: number, body: Uint8Array): Promise<Reader> {
  const bytes = concatBytes(u16(tag), u32(10 + body.length), u32(command), body)
  for (let attempt = 1; ; attempt++) {
    const answer = await tpm.transmit(bytes)
    const reader = new Reader(answer)
    const [answerTag, size, code] = [reader.u16(), reader.u32(), reader.u32()]
    if (size !== answer.length) throw malformed()
    if (WAIT.has(code) && attempt < ATTEMPTS) {
      await sleep(20)
      continue
    }
    if (code !== 0) throw new TpmRefusal(code)
    if (answerTag !== tag) throw malformed()
    return reader
  }
}

/** A command that needs no authorisation. */
export const plain = (tpm: TpmTransport, command: number, ...parts: readonly Uint8Array[]): Promise<Reader> =>
  exchange(tpm, TAG.plain, command, concatBytes(...parts))

/** Who made the TPM, and what it calls itself: `IBM SW   TPM`. */
export async function vendorOf(tpm: TpmTransport): Promise<string> {
  const [properties, manufacturer, count] = [6, 0x105, 5]
  const reader = await plain(tpm, COMMAND.getCapability, u32(properties), u32(manufacturer), u32(count))
  reader.take(5)
  const values = Array.from({ length: reader.u32() }, () => {
    reader.u32()
    return reader.take(4)
  })
  reader.end()
  const text = (bytes: Uint8Array): string => new TextDecoder('latin1').decode(bytes).replaceAll('\0', '')
  return `${text(values[0] ?? new Uint8Array())} ${text(concatBytes(...values.slice(1)))}`.trim()
}
