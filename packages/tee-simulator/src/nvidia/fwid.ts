import { type Extension, publicKeyInfo } from '../certificate.ts'
import * as der from '../der.ts'
import type { KeyPair } from '../keys.ts'

/** TCG DICE's extension that names the firmware a key belongs to: version, the device's key, SHA-384 of the firmware. */
export const fwidExtension = (device: KeyPair, fwid: Uint8Array): Extension => ({
  oid: '2.23.133.5.4.1',
  value: der.sequence(
    der.integer(1),
    publicKeyInfo(device),
    der.sequence(der.oid('2.16.840.1.101.3.4.2.2'), der.octetString(fwid)),
  ),
})
