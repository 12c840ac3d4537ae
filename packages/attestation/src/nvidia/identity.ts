// What NVIDIA's certificates say of a device: the leaf `GH100 A01 GSP FMC LF` is the firmware's key on a chip, made by
// the device's own certificate `GH100 A01 GSP BROM`, whose serialNumber is one byte and then the device's identifier.
import { equalBytes, toHex } from '@dcml/protocol'
import { type Certificate, EXTENSION } from '../x509/certificate.ts'
import { DerReader, Refusal, TAG } from '../x509/der.ts'

/** A device as its certificates name it. */
export interface DeviceIdentity {
  readonly kind: 'gpu' | 'switch'
  /** `GH100`, `GB100`, `LS10` */
  readonly chip: string
  /** Identifier (PDI), 8 bytes as hex. */
  readonly pdi: string
}

const COMMON_NAME = '2.5.4.3'
const SERIAL_NUMBER = '2.5.4.5'

/**
 * Reads the identity of a device from its chain, leaf first. NVIDIA certified the device's own certificate; the leaf is what
 * the device says, and has to be of the same chip.
 * @throws Refusal
 */
export function readIdentity([leaf, device]: readonly Certificate[]): DeviceIdentity {
  if (!leaf || !device) throw new Refusal('the chain has no certificate of the device')
  const [said, chip] = [leaf, device].map(readChip)
  if (chip === undefined || said !== chip)
    throw new Refusal(`the leaf is of ${said ?? 'no chip'}, the certificate of the device of ${chip ?? 'none'}`)
  const [, pdi] = /^[0-9A-F]{2}([0-9A-F]{16})$/.exec(readAttribute(device.subject, SERIAL_NUMBER)) ?? []
  if (pdi === undefined) throw new Refusal('the certificate of the device has no identifier (PDI)')
  return { kind: chip.startsWith('L') ? 'switch' : 'gpu', chip: chip.replace('_', ''), pdi: pdi.toLowerCase() }
}

const readChip = ({ subject }: Certificate): string | undefined =>
  /^([A-Z]{2}_?\d{2,3}[A-Z]?) /.exec(readAttribute(subject, COMMON_NAME))?.[1]

/** The one value of an attribute of a name (RFC 5280 §4.1.2.4), UTF8String or PrintableString. */
function readAttribute(name: Uint8Array, oid: string): string {
  const sets = new DerReader(name).sequence()
  const values: string[] = []
  while (!sets.done) {
    const attribute = new DerReader(sets.read(TAG.set)).sequence()
    if (attribute.oid() !== oid) continue
    const bytes = attribute.read(attribute.peek(TAG.utf8String) ? TAG.utf8String : TAG.printableString)
    values.push(new TextDecoder().decode(bytes))
  }
  const [value, second] = values
  if (value === undefined || second !== undefined) throw new Refusal(`a name without exactly one attribute ${oid}`)
  return value
}

const SHA384 = '2.16.840.1.101.3.4.2.2'

/** Requires the FWID of a report to be the one that the leaf was made for. @throws Refusal */
export function requireFwid(leaf: Certificate, fwid: Uint8Array): void {
  const certified = readFwid(leaf)
  if (!equalBytes(certified, fwid))
    throw new Refusal(`the report's firmware is ${toHex(fwid)}, the certificate's ${toHex(certified)}`)
}

/**
 * Digest of the firmware a leaf was made for, from its TCG DICE extension: Hopper has a CompositeDeviceID
 * `{ version, SubjectPublicKeyInfo, FWID }`, Blackwell a TcbInfo whose list of FWIDs begins with it (TCG DICE
 * Attestation Architecture §6.1.1).
 */
function readFwid({ extensions }: Certificate): Uint8Array {
  const found = extensions.filter(({ oid }) => oid === EXTENSION.deviceId || oid === EXTENSION.tcbInfo)
  const [extension, second] = found
  if (!extension || second) throw new Refusal('the leaf does not have exactly one TCG DICE extension')
  const outer = new DerReader(extension.value)
  const fields = outer.sequence()
  outer.end()
  if (extension.oid === EXTENSION.deviceId) {
    fields.unsigned()
    fields.readWhole()
    return readDigest(fields)
  }
  while (!fields.peek(TAG.context6)) fields.readWhole()
  return readDigest(fields.explicit(TAG.context6))
}

function readDigest(reader: DerReader): Uint8Array {
  const fwid = reader.sequence()
  if (fwid.oid() !== SHA384) throw new Refusal('FWID is not a SHA-384 digest')
  const digest = fwid.octets(48)
  fwid.end()
  return digest
}
