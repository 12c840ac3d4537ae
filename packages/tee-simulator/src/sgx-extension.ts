import { type Extension, OID } from './certificate.ts'
import * as der from './der.ts'

/** The platform that a PCK certificate names (Intel SGX PCK Certificate and CRL Profile Specification §1.3.5). */
export interface Platform {
  /** 16 bytes: the processor package. */
  ppid: Uint8Array
  /** 16 security version numbers of SGX components. */
  cpuSvn: readonly number[] | Uint8Array
  pceSvn: number
  /** 2 bytes. */
  pceId: Uint8Array
  /** 6 bytes: family, model, stepping, platform type, custom SKU. */
  fmspc: Uint8Array
  /** 16 bytes. */
  platformInstanceId: Uint8Array
}

/** Intel's SGX extension of a PCK certificate. */
export function sgxExtension(platform: Platform): Extension {
  const field = (id: string, value: Uint8Array): der.Der => der.sequence(der.oid(`${OID.sgx}.${id}`), value)
  const components = [...platform.cpuSvn].map((svn, i) => field(`2.${i + 1}`, der.integer(svn)))
  const tcb = [
    ...components,
    field('2.17', der.integer(platform.pceSvn)),
    field('2.18', der.octetString(Uint8Array.from(platform.cpuSvn))),
  ]
  const flags = ['7.1', '7.2', '7.3'].map((id) => field(id, der.boolean(true)))
  return {
    oid: OID.sgx,
    value: der.sequence(
      field('1', der.octetString(platform.ppid)),
      field('2', der.sequence(...tcb)),
      field('3', der.octetString(platform.pceId)),
      field('4', der.octetString(platform.fmspc)),
      field('5', der.enumerated(1)),
      field('6', der.octetString(platform.platformInstanceId)),
      field('7', der.sequence(...flags)),
    ),
  }
}
