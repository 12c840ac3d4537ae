import { utf8 } from '@dcml/protocol'
import { type Extension, publicKeyInfo } from '../certificate.ts'
import * as der from '../der.ts'
import type { KeyPair } from '../keys.ts'
import type { Chip } from './chips.ts'

/**
 * TCG DICE's extension that names the firmware a key belongs to, by its SHA-384. Hopper and NVSwitch have a
 * CompositeDeviceID (version, the device's key, FWID), Blackwell a TcbInfo (vendor, model, list of FWIDs).
 */
export function fwidExtension(chip: Chip, device: KeyPair, digest: Uint8Array): Extension {
  const fwid = der.sequence(der.oid('2.16.840.1.101.3.4.2.2'), der.octetString(digest))
  return chip === 'GB100'
    ? {
        oid: '2.23.133.5.4.1.1',
        value: der.sequence(der.implicit(0, utf8('NVIDIA')), der.implicit(1, utf8(chip)), der.explicit(6, fwid)),
      }
    : { oid: '2.23.133.5.4.1', value: der.sequence(der.integer(1), publicKeyInfo(device), fwid) }
}
