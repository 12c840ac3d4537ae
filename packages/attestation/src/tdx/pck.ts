import { type Certificate, EXTENSION } from '../x509/certificate.ts'
import { DerReader, Refusal } from '../x509/der.ts'

/** What Intel certified about a platform (Intel SGX PCK certificate specification, table of X.509 extensions). */
export interface Platform {
  /** SVNs of the 16 TCB components. */
  readonly cpuSvn: readonly number[]
  readonly pceSvn: number
  /** Family, model, stepping, platform type and SKU. */
  readonly fmspc: Uint8Array
  readonly pceId: Uint8Array
  /** Id of the processor package, 16 bytes, as Intel derives it from keys in it: it stays while the package does. */
  readonly ppid: Uint8Array
  /** 16 bytes of a registration with Intel: multi-package machines get another one when they are registered anew. */
  readonly platformInstanceId: Uint8Array | undefined
}

/** Reads the PCK extension, which has to be in the certificate exactly once. */
export function readPlatform(certificate: Certificate): Platform {
  const [extension, second] = certificate.extensions.filter(({ oid }) => oid === EXTENSION.sgx)
  if (!extension) throw new Refusal('PCK certificate has no SGX extension')
  if (second) throw new Refusal('PCK certificate has the SGX extension twice')
  const fields = readAttributes(new DerReader(extension.value), EXTENSION.sgx)
  const tcb = readAttributes(fields('2'), `${EXTENSION.sgx}.2`)
  return {
    cpuSvn: Array.from({ length: 16 }, (_, i) => readSvn(tcb(`${i + 1}`))),
    pceSvn: tcb('17').uint16(),
    fmspc: fields('4').octets(6),
    pceId: fields('3').octets(2),
    ppid: fields('1').octets(16),
    platformInstanceId: fields.has('6') ? fields('6').octets(16) : undefined,
  }
}

/** Gives a reader of the value of an attribute by the last arc of its id. */
interface Attributes {
  (arc: string): DerReader
  has(arc: string): boolean
}

/** `SEQUENCE OF SEQUENCE { id, value }`, every id once and below `prefix`. */
function readAttributes(outer: DerReader, prefix: string): Attributes {
  const list = outer.sequence()
  outer.end()
  const values = new Map<string, Uint8Array>()
  while (!list.done) {
    const entry = list.sequence()
    const oid = entry.oid()
    if (values.has(oid)) throw new Refusal(`PCK extension: ${oid} is there twice`)
    values.set(oid, entry.readWhole())
    entry.end()
  }
  const attribute = (arc: string): DerReader => {
    const value = values.get(`${prefix}.${arc}`)
    if (!value) throw new Refusal(`PCK extension: ${prefix}.${arc} is missing`)
    return new DerReader(value)
  }
  return Object.assign(attribute, { has: (arc: string) => values.has(`${prefix}.${arc}`) })
}

function readSvn(reader: DerReader): number {
  const svn = reader.uint16()
  if (svn > 255) throw new Refusal('PCK extension: SVN above 255')
  return svn
}
