import { unsigned } from '../call.ts'
import * as bls from '../crypto/bls12381.ts'
import * as bn from '../crypto/bn254.ts'
import { hostError } from '../host-error.ts'
import { type HostFunction, type HostTable, procedure, u64 } from './define.ts'

const bnToRegister = (
  name: string,
  size: number,
  compute: (elements: readonly Uint8Array[]) => Uint8Array,
): HostFunction =>
  procedure((call, length, pointer, register) => {
    call.pay(`${name}_base`)
    const elements = bn.splitElements(call.take(pointer, length), size)
    call.payPer(`${name}_element`, elements.length)
    call.setRegister(register, compute(elements))
  })

/** Elements are paid by the length the contract names, before they are read. Returns 1 for what is no point. */
const blsToRegister = (
  name: string,
  title: string,
  size: number,
  compute: (data: Uint8Array) => Uint8Array | null,
): HostFunction =>
  u64((call, length, pointer, register) => {
    call.pay(`${name}_base`)
    call.payPer(`${name}_element`, Math.floor(unsigned(length) / size))
    const data = call.take(pointer, length)
    checkSize(title, data, size)
    const result = compute(data)
    if (result === null) return 1
    call.setRegister(register, result)
    return 0
  })

/** @throws HostError `BLS12381InvalidInput` */
function checkSize(title: string, data: Uint8Array, size: number): void {
  if (data.length % size !== 0)
    throw hostError('BLS12381InvalidInput', {
      msg: `Incorrect input length for ${title}: ${data.length} is not divisible by ${size}`,
    })
}

const { g1, g2 } = bls

export const curves: HostTable = {
  alt_bn128_g1_multiexp: bnToRegister('alt_bn128_g1_multiexp', bn.MULTIEXP_ELEMENT, bn.multiexp),
  alt_bn128_g1_sum: bnToRegister('alt_bn128_g1_sum', bn.SUM_ELEMENT, bn.sum),
  alt_bn128_pairing_check: u64((call, length, pointer) => {
    call.pay('alt_bn128_pairing_check_base')
    const elements = bn.splitElements(call.take(pointer, length), bn.PAIRING_ELEMENT)
    call.payPer('alt_bn128_pairing_check_element', elements.length)
    return bn.pairingCheck(elements) ? 1 : 0
  }),

  bls12381_p1_sum: blsToRegister('bls12381_p1_sum', 'bls12381_p1_sum', bls.sumSize(g1), (data) => bls.sum(g1, data)),
  bls12381_p2_sum: blsToRegister('bls12381_p2_sum', 'bls12381_p2_sum', bls.sumSize(g2), (data) => bls.sum(g2, data)),
  bls12381_g1_multiexp: blsToRegister('bls12381_g1_multiexp', 'bls12381_p1_multiexp', bls.multiexpSize(g1), (data) =>
    bls.multiexp(g1, data),
  ),
  bls12381_g2_multiexp: blsToRegister('bls12381_g2_multiexp', 'bls12381_p2_multiexp', bls.multiexpSize(g2), (data) =>
    bls.multiexp(g2, data),
  ),
  bls12381_map_fp_to_g1: blsToRegister('bls12381_map_fp_to_g1', 'bls12381_map_fp_to_g1', g1.size, (data) =>
    bls.map(g1, data),
  ),
  bls12381_map_fp2_to_g2: blsToRegister('bls12381_map_fp2_to_g2', 'bls12381_map_fp2_to_g2', g2.size, (data) =>
    bls.map(g2, data),
  ),
  bls12381_p1_decompress: blsToRegister('bls12381_p1_decompress', 'bls12381_p1_decompress', g1.size, (data) =>
    bls.decompress(g1, data),
  ),
  bls12381_p2_decompress: blsToRegister('bls12381_p2_decompress', 'bls12381_p2_decompress', g2.size, (data) =>
    bls.decompress(g2, data),
  ),

  bls12381_pairing_check: u64((call, length, pointer) => {
    call.pay('bls12381_pairing_base')
    const data = call.take(pointer, length)
    call.payPer('bls12381_pairing_element', Math.floor(data.length / bls.PAIRING_SIZE))
    checkSize('bls12381_pairing_check', data, bls.PAIRING_SIZE)
    const isOne = bls.pairingCheck(data)
    if (isOne === null) return 1
    return isOne ? 0 : 2
  }),
}
