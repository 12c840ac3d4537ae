import { hash } from 'node:crypto'
import { ripemd160 } from '@noble/hashes/legacy.js'
import { keccak_256, keccak_512 } from '@noble/hashes/sha3.js'
import { gated, type HostFunction, type HostTable, procedure } from './define.ts'

type Digest = (bytes: Uint8Array) => Uint8Array

const native =
  (algorithm: string): Digest =>
  (bytes) =>
    new Uint8Array(hash(algorithm, bytes, 'buffer'))

/** A hash paid by the byte. */
const byBytes = (name: string, digest: Digest): HostFunction =>
  procedure((call, length, pointer, register) => {
    call.pay(`${name}_base`)
    const value = call.readAny(pointer, length)
    call.payPer(`${name}_byte`, value.length)
    call.setRegister(register, digest(value))
  })

export const hashes: HostTable = {
  sha256: byBytes('sha256', native('sha256')),
  keccak256: byBytes('keccak256', keccak_256),
  keccak512: byBytes('keccak512', keccak_512),

  ripemd160: procedure((call, length, pointer, register) => {
    call.pay('ripemd160_base')
    const value = call.readAny(pointer, length)
    call.payPer('ripemd160_block', Math.floor((value.length + 8) / 64) + 1)
    call.setRegister(register, ripemd160(value))
  }),

  sha3_256: gated('sha3_host_fns', byBytes('sha3_256', native('sha3-256'))),
  sha3_384: gated('sha3_host_fns', byBytes('sha3_384', native('sha3-384'))),
  sha3_512: gated('sha3_host_fns', byBytes('sha3_512', native('sha3-512'))),
}
