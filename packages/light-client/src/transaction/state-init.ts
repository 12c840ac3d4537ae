import { bytes, DcmlError, type Layout, list, struct, u8 } from '@dcml/protocol'
import { accountIdLayout } from '../wire/account-id.ts'
import { hashLayout } from '../wire/hash.ts'
import { union } from '../wire/union.ts'
import { UNBOUNDED } from './access-key.ts'
import type { GlobalContractIdentifier, StateInit } from './types.ts'

export const globalContractLayout: Layout<GlobalContractIdentifier> = union<GlobalContractIdentifier>(
  'global contract identifier',
  {
    CodeHash: [0, struct({ codeHash: hashLayout })],
    AccountId: [1, struct({ accountId: accountIdLayout })],
  },
)

const part = bytes(UNBOUNDED)
const entry: Layout<readonly [Uint8Array, Uint8Array]> = {
  write([key, value], out) {
    part.write(key, out)
    part.write(value, out)
  },
  read: (cursor) => [part.read(cursor), part.read(cursor)],
}
const entries = list(entry, UNBOUNDED)

/** NEP-616: `0s` and the hash of these bytes names the account. */
export const stateInitLayout: Layout<StateInit> = {
  write(value, out) {
    u8.write(0, out)
    globalContractLayout.write(value.code, out)
    entries.write(sorted(value.data), out)
  },
  read(cursor) {
    const version = u8.read(cursor)
    if (version !== 0) throw invalid(`${version} is no version of a state init.`)
    return { code: globalContractLayout.read(cursor), data: sorted(entries.read(cursor)) }
  },
}

function sorted(data: StateInit['data']): (readonly [Uint8Array, Uint8Array])[] {
  for (let i = 1; i < data.length; i++)
    if (compare(data[i - 1]![0], data[i]![0]) >= 0) throw invalid('The keys of a state init are not in order.')
  return [...data]
}

function compare(a: Uint8Array, b: Uint8Array): number {
  const length = Math.min(a.length, b.length)
  for (let i = 0; i < length; i++) if (a[i] !== b[i]) return a[i]! - b[i]!
  return a.length - b.length
}

const invalid = (message: string): DcmlError =>
  new DcmlError('borsh_invalid', message, { hint: 'Sort the data by key and give each key once.' })
