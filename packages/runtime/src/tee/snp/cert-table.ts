import { DcmlError } from '@dcml/protocol'

/** Certificates that the host laid beside the report, as DER. */
export interface CertTable {
  readonly vek?: Uint8Array
  readonly ask?: Uint8Array
  readonly ark?: Uint8Array
}

const ENTRY = 24
/** Bytes of GUIDs, as they lie in memory (SEV-ES Guest-Hypervisor Communication Block Standardization §4.1.8.1). */
const MEMBERS: Readonly<Record<string, keyof CertTable>> = {
  '63da758de6644564adc5f4b93be8accd': 'vek',
  a8074bc2a25a483eaae639c045a0b8a1: 'vek',
  '4ab7b379bbac4fe4a02f05aef327c782': 'ask',
  c0b406a4a803495297433fb6014cd0ae: 'ark',
}

/**
 * Reads the table that comes with an extended guest request: entries of GUID, offset and length, ended by zeros; what it
 * names otherwise is passed over. An empty table is what most hosts give.
 * @throws DcmlError `tee_cert_table_malformed`
 */
export function readCertTable(bytes: Uint8Array): CertTable {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  const found: { -readonly [member in keyof CertTable]: Uint8Array } = {}
  for (let at = 0; at < bytes.length; at += ENTRY) {
    if (at + ENTRY > bytes.length) throw malformed('an entry is cut short')
    const guid = Buffer.from(bytes.subarray(at, at + 16)).toString('hex')
    const [offset, length] = [view.getUint32(at + 16, true), view.getUint32(at + 20, true)]
    if (offset === 0 && length === 0 && /^0+$/.test(guid)) return found
    if (offset + length > bytes.length) throw malformed('an entry points behind its end')
    const member = MEMBERS[guid]
    // no copy: entries may all name the whole table
    if (member !== undefined) found[member] = bytes.subarray(offset, offset + length)
  }
  return found
}

const malformed = (why: string): DcmlError =>
  new DcmlError('tee_cert_table_malformed', `The certificate table of the host cannot be read: ${why}.`, {
    hint: 'See how the host loads it (snphost), or have it load none.',
  })
