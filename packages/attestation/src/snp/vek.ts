import type { SnpTcb } from '../policy/policy.ts'
import { type Certificate, only } from '../x509/certificate.ts'
import { DerReader, Refusal, TAG } from '../x509/der.ts'

const ARC = '1.3.6.1.4.1.3704.1'

/** What AMD certified about a VCEK or a VLEK (AMD 57230, table of X.509 extensions). */
export interface Vek {
  /** Processor family, in older certificates with a stepping: `Genoa`, `Milan-B0`. */
  readonly product: string
  /** What the key was derived for; `fmc` where the certificate has it. */
  readonly tcb: SnpTcb
  /** VCEK: the chip, in 64 bytes, from Turin on in 8. */
  readonly hwId: Uint8Array | undefined
  /** VLEK: the cloud provider that it was given to. */
  readonly cspId: string | undefined
}

/** Reads AMD's extensions, each of which may be in the certificate only once. */
export function readVek(certificate: Certificate): Vek {
  if (certificate.isCa) throw new Refusal('the VEK certificate is a CA')
  if (certificate.publicKey.kind !== 'p384') throw new Refusal('the VEK is not a P-384 key')
  const find = (arc: string) => only(certificate.extensions, `${ARC}.${arc}`)?.value
  const value = (arc: string) => {
    const found = find(arc)
    if (!found) throw new Refusal(`VEK certificate: extension ${ARC}.${arc} is missing`)
    return found
  }
  const hwId = find('4')
  const cspId = find('5')
  return {
    product: readText(value('2')),
    tcb: {
      ...(find('3.9') && { fmc: readSvn(value('3.9')) }),
      bootloader: readSvn(value('3.1')),
      tee: readSvn(value('3.2')),
      snp: readSvn(value('3.3')),
      microcode: readSvn(value('3.8')),
    },
    hwId: hwId && readHwId(hwId),
    cspId: cspId && readText(cspId),
  }
}

function readSvn(value: Uint8Array): number {
  const reader = new DerReader(value)
  const svn = reader.uint16()
  reader.end()
  if (svn > 255) throw new Refusal('VEK certificate: SVN above 255')
  return svn
}

function readText(value: Uint8Array): string {
  const reader = new DerReader(value)
  const text = reader.read(TAG.ia5String)
  reader.end()
  if (text.length === 0 || text.length > 256 || text.some((byte) => byte < 0x20 || byte > 0x7e))
    throw new Refusal('VEK certificate: not a printable text')
  return String.fromCharCode(...text)
}

/** AMD leaves the OCTET STRING around the id away; its specification has it. The length tells. */
function readHwId(value: Uint8Array): Uint8Array {
  if (value.length === 64 || value.length === 8) return value
  const reader = new DerReader(value)
  const hwId = reader.read(TAG.octetString)
  reader.end()
  if (hwId.length !== 64 && hwId.length !== 8) throw new Refusal('VEK certificate: hwID has neither 64 nor 8 bytes')
  return hwId
}
