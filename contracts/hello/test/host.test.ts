import { createHash, generateKeyPairSync, randomBytes, sign } from 'node:crypto'
import { buildContract } from '@dcml/contract-build'
import { createDevchain, type DevAccount, type Devchain } from '@dcml/devchain'
import { beforeAll, expect, test } from 'vitest'

let chain: Devchain
let alice: DevAccount
let host: DevAccount

beforeAll(async () => {
  const { wasm } = await buildContract({ entry: new URL('./host-contract.ts', import.meta.url).pathname })
  chain = createDevchain()
  alice = chain.root.createAccount('alice')
  host = chain.root.createAccount('host')
  host.deploy(wasm)
})

const base64 = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64')
const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex')
const message = randomBytes(300)

test('ed25519: the genuine signature, and no other', () => {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519')
  const key = hex(Buffer.from(publicKey.export({ format: 'jwk' }).x as string, 'base64url'))
  const signature = sign(null, message, privateKey)
  const verified = (changes: object) =>
    host.view('ed25519', { signature: base64(signature), message: base64(message), key, ...changes })
  expect(verified({})).toBe(true)
  expect(verified({ message: base64(randomBytes(300)) })).toBe(false)
  expect(verified({ signature: base64(Buffer.from(signature).fill(1, 0, 1)) })).toBe(false)
})

test('p256: the genuine signature of a digest, and no other', () => {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const { x, y } = publicKey.export({ format: 'jwk' })
  const odd = Buffer.from(y as string, 'base64url').at(-1) as number
  const key = base64(Buffer.from([2 | (odd & 1), ...Buffer.from(x as string, 'base64url')]))
  const signature = base64(sign('sha256', message, { key: privateKey, dsaEncoding: 'ieee-p1363' }))
  const digest = createHash('sha256').update(message).digest('hex')
  expect(host.view('p256', { signature, digest, key })).toBe(true)
  expect(host.view('p256', { signature, digest: hex(randomBytes(32)), key })).toBe(false)
  expect(() => host.view('p256', { signature: base64(randomBytes(63)), digest, key })).toThrow()
})

test('chain id, hashes, seed and codecs', () => {
  const [id, sha256, keccak, seed] = host.view<string>('facts', { message: base64(message) }).split(' ')
  expect(id).toBe(chain.settings.chainId)
  expect(sha256).toBe(createHash('sha256').update(message).digest('hex'))
  expect(keccak).toMatch(/^[0-9a-f]{64}$/)
  expect(seed).toBe('32')
  expect(host.view('codecs', { message: base64(message) })).toBe(true)
  expect(BigInt(host.view<string>('height'))).toBe(BigInt(chain.head.header.height))
})

test('yield and resume by data id: the payload arrives, once', () => {
  const waiting = alice.call(host, 'wait', { gas: `${10n ** 13n}` })
  expect(waiting.logs).toEqual([])
  expect(alice.call(host, 'wake', { payload: 'good morning' }).json()).toBe(true)
  expect(waiting.logs).toEqual([expect.stringContaining('"data":{"said":"good morning"}')])
  expect(alice.call(host, 'wake', { payload: 'again' }).json()).toBe(false)
})

test('yield and resume by an id of one’s own: pending once, woken by that id alone', () => {
  const id = hex(randomBytes(32))
  const waiting = alice.call(host, 'wait_as', { id })
  expect(waiting.json()).toBe(true)
  expect(alice.call(host, 'wait_as', { id }).json()).toBe(false)
  expect(alice.call(host, 'wake_as', { id: hex(randomBytes(32)), payload: 'wrong' }).json()).toBe(false)
  expect(alice.call(host, 'wake_as', { id, payload: 'good day' }).json()).toBe(true)
  expect(waiting.logs).toEqual([expect.stringContaining('"data":{"said":"good day"}')])
})

test('a yield that nobody resumes reaches the failure path of its callback', () => {
  const waiting = alice.call(host, 'wait', { gas: `${10n ** 13n}` })
  chain.mine(205)
  expect(waiting.logs).toEqual([expect.stringContaining('"data":{"said":"failed"}')])
})

test('both outcomes of two joined promises', () => {
  const pay = (second: string) =>
    alice.call(host, 'pay', { first: alice.accountId, second, amount: '5' }, { mayFail: true }).logs
  expect(pay(chain.root.accountId)).toEqual([expect.stringContaining('"data":{"first":"ok","second":"ok"}')])
  expect(pay('nobody.test.near')).toEqual([expect.stringContaining('"data":{"first":"ok","second":"failed"}')])
})
