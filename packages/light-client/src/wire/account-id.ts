import { DcmlError, type Layout, text } from '@dcml/protocol'
import type { AccountId } from '../transaction/types.ts'

const MAX_LENGTH = 64
const shape = /^(?:[a-z0-9]+[-_.])*[a-z0-9]+$/

/** Whether nearcore reads this as an account: 2 to 64 of `a-z 0-9`, separated by single `-`, `_` or `.`. */
export const isAccountId = (id: string): boolean => id.length >= 2 && id.length <= MAX_LENGTH && shape.test(id)

const wire = text(MAX_LENGTH)

/** An {@link AccountId}. Like nearcore it is refused while reading, not later. */
export const accountIdLayout: Layout<AccountId> = {
  write: (id, out) => wire.write(checked(id), out),
  read: (cursor) => checked(wire.read(cursor)),
}

function checked(id: string): AccountId {
  if (isAccountId(id)) return id
  throw new DcmlError('borsh_invalid', `"${id.slice(0, MAX_LENGTH)}" is no account id.`, {
    hint: 'Account ids are 2 to 64 of a-z, 0-9 and single separators -, _ and . between them.',
  })
}
