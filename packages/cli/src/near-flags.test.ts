import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createDevchain } from '@dcml/devchain'
import { DcmlError } from '@dcml/protocol'
import { afterAll, expect, test } from 'vitest'
import { connect, contractOf, readAccount } from './near-flags.ts'

const folder = mkdtempSync(join(tmpdir(), 'dcml-near-flags-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const { secretKey, publicKey } = createDevchain().root.key
const file = (name: string, content: unknown, mode = 0o600): string => {
  const path = join(folder, name)
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content))
  chmodSync(path, mode)
  return path
}
const refusal = async (act: () => unknown): Promise<DcmlError> => {
  try {
    await act()
  } catch (error) {
    if (DcmlError.isInstance(error)) return error
    throw error
  }
  throw new Error('it was accepted')
}

test.each([
  ['one line', `${secretKey}\n`, { account: 'alice.near' }, 'alice.near'],
  [
    'credentials of a wallet',
    { account_id: 'bob.near', public_key: publicKey, private_key: secretKey },
    {},
    'bob.near',
  ],
  ['credentials of older tools', { account_id: 'bob.near', secret_key: secretKey }, {}, 'bob.near'],
  ['the flag against the file', { account_id: 'bob.near', private_key: secretKey }, { account: 'a.near' }, 'a.near'],
])('a key is read from %s', async (name, content, flags, accountId) => {
  const account = readAccount({ ...flags, key: file(name, content) })
  expect(account.accountId).toBe(accountId)
  expect(`${await account.signer.getPublicKey()}`).toBe(publicKey)
})

test.each<[string, string, unknown, number]>([
  ['a file that others can read', 'near_key_exposed', secretKey, 0o640],
  ['text that is no key', 'near_key_invalid', `x${secretKey}`, 0o600],
  ['a key that is cut short', 'near_key_invalid', secretKey.slice(0, 30), 0o600],
  ['JSON without a key', 'near_key_invalid', { account_id: 'bob.near' }, 0o600],
  ['a key without an account', 'near_account_missing', secretKey, 0o600],
])('%s is refused, and the key is not shown', async (name, code, content, mode) => {
  const key = file(name, content, mode)
  const error = await refusal(() => readAccount({ key, ...(code === 'near_key_invalid' && { account: 'a.near' }) }))
  expect(error.code).toBe(code)
  expect(JSON.stringify(error) + error.stack + error.cause).not.toContain(secretKey.slice(8, 30))
})

test('what is missing is said, each with the flag that gives it', async () => {
  expect(await refusal(() => readAccount({}))).toMatchObject({ code: 'near_key_missing' })
  expect(await refusal(() => readAccount({ key: join(folder, 'none') }))).toMatchObject({ code: 'file_unreadable' })
  expect(await refusal(() => contractOf({}))).toMatchObject({ code: 'near_contract_unnamed' })
  expect(await refusal(() => connect({}))).toMatchObject({ code: 'near_network_missing' })
  expect(await refusal(() => connect({ network: 'testnet' }))).toMatchObject({ code: 'near_nodes_missing' })
})

test('a node of another network is refused before anything is signed for it', async () => {
  const server = await createDevchain().serve()
  expect((await connect({ network: 'localnet', node: [server.url] })).networkId).toBe('localnet')
  const error = await refusal(() => connect({ network: 'testnet', node: [server.url] }))
  expect(error).toMatchObject({ code: 'near_network_wrong', message: expect.stringContaining('localnet') })
  await server.close()
})

test.each(['ed25519:', 'secp256k1:', ''])(
  'a key on the command line with the prefix "%s" is not repeated',
  (prefix) => {
    const typed = `${prefix}${'5KJvsngHeMpm884wtkJNzQGaCErckhHJBGFsvd3VyK5qMZXj3hS'.repeat(2)}`
    let error: unknown
    try {
      readAccount({ key: typed, account: 'bob.near' })
    } catch (caught) {
      error = caught
    }
    expect(error).toMatchObject({ code: 'near_key_exposed' })
    expect(JSON.stringify(error)).not.toContain('5KJvsng')
  },
)
