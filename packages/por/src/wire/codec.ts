// A message is one byte of its type and the borsh of its fields. The numbers are those of the specification's table.
import { DcmlError, encode, type Layout } from '@dcml/protocol'
import { MAX_LATE, MAX_REQUEST, MAX_RESPONSE, MESSAGE_LAYOUTS, type Message, type MessageType } from './messages.ts'
import { decodeCopy, tagged } from './tagged.ts'

const CODES = {
  hello: 1,
  request: 2,
  ack: 3,
  refuse: 4,
  response: 5,
  broken: 6,
  sync: 7,
  pay: 8,
  update: 10,
  close: 11,
} as const satisfies Record<MessageType, number>

/** Most that a message's fields take beside its payload: two signed objects with the longest names. */
const FIELDS = 2048
/** Bytes of one late request in a `sync`. */
const LATE = 32 + 4 + 16

const limits: Readonly<Record<MessageType, number>> = {
  hello: FIELDS,
  request: FIELDS + MAX_REQUEST,
  ack: FIELDS,
  refuse: FIELDS,
  response: FIELDS + MAX_RESPONSE,
  broken: FIELDS,
  sync: FIELDS + MAX_LATE * LATE,
  pay: FIELDS,
  update: FIELDS,
  close: FIELDS,
}
const byCode = new Map(Object.entries(CODES).map(([type, code]) => [code as number, limits[type as MessageType]]))

/** Longest message of any type, in bytes. */
export const MAX_MESSAGE = Math.max(...Object.values(limits))

/** Longest message that begins with this byte; undefined where none does. */
export const limitOf = (code: number): number | undefined => byCode.get(code)

const message: Layout<Message> = tagged<Message>(
  'type',
  Object.fromEntries(
    Object.entries(CODES).map(([type, code]) => [type, [code, MESSAGE_LAYOUTS[type as MessageType] as Layout<never>]]),
  ),
)

/** `u8 type | borsh fields`. @throws DcmlError `borsh_invalid` where a field does not fit */
export const encodeMessage = (value: Message): Uint8Array<ArrayBuffer> => encode(message, value)

/** @throws DcmlError `por_frame_malformed` on anything but the exact bytes of one message */
export function decodeMessage(bytes: Uint8Array): Message {
  const limit = bytes.length === 0 ? undefined : limitOf(bytes[0]!)
  if (limit === undefined) throw malformed('No message begins like this.')
  if (bytes.length > limit) throw malformed(`A message of ${bytes.length} bytes is longer than its type allows.`)
  try {
    return decodeCopy(message, bytes)
  } catch (cause) {
    throw malformed('A message is not of its type’s layout.', cause)
  }
}

export const malformed = (what: string, cause?: unknown): DcmlError =>
  new DcmlError('por_frame_malformed', what, {
    hint: 'The neighbour speaks another version, or not our language.',
    cause,
  })
