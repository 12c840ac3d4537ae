import type { OpenChannel } from '@dcml/near/model'
import { formatAmount, toHex } from '@dcml/protocol'
import { line, printable } from './output.ts'

const time = (nanoseconds: bigint): string => new Date(Number(nanoseconds / 1_000_000n)).toISOString()

/** An open channel on one line. */
export const openLine = ({ channelId, payer, provider, deposited, expiresAt, closing }: OpenChannel): string =>
  printable(
    `channel ${channelId}  ${payer} at ${provider}, ${formatAmount(deposited)}, ${
      closing ? `forced closure until ${time(closing.deadline)}` : `open until ${time(expiresAt)}`
    }`,
  )

/** The same for machines. */
export const openJson = ({ sessionKey, openedAt, expiresAt, closing, ...channel }: OpenChannel): object => ({
  ...channel,
  sessionKey: toHex(sessionKey),
  openedAt: time(openedAt),
  expiresAt: time(expiresAt),
  closing: closing && { ...closing, deadline: time(closing.deadline) },
})

/** One fact per line, names of one width; a list goes on below its first item. */
export function lines(facts: Readonly<Record<string, unknown>>): string {
  const told = Object.entries(facts).filter(([, value]) => value !== undefined)
  const width = Math.max(...told.map(([name]) => name.length)) + 2
  const flat = (value: unknown) => line(`${value}`.replaceAll('\n', ' '))
  const text = (value: unknown) => (Array.isArray(value) ? value.map(flat).join(`\n${' '.repeat(width)}`) : flat(value))
  return told.map(([name, value]) => `${name.padEnd(width)}${text(value)}`).join('\n')
}
