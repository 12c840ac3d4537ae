import { utf8 } from '@dcml/protocol'
import type { Extension } from '../certificate.ts'
import * as der from '../der.ts'
import type { Tcb } from './report.ts'

const ARC = '1.3.6.1.4.1.3704.1'

/** Ids of AMD's extensions (AMD 57230). */
export const AMD = {
  structVersion: `${ARC}.1`,
  product: `${ARC}.2`,
  bootloader: `${ARC}.3.1`,
  tee: `${ARC}.3.2`,
  snp: `${ARC}.3.3`,
  microcode: `${ARC}.3.8`,
  fmc: `${ARC}.3.9`,
  hwId: `${ARC}.4`,
  cspId: `${ARC}.5`,
} as const

/** What AMD certifies about a VCEK, which has a `hwId`, or a VLEK, which has a `cspId`. */
export interface VekFields {
  product: string
  tcb: Tcb
  hwId?: Uint8Array
  cspId?: string
}

const number = (oid: string, value: number): Extension => ({ oid, value: der.integer(value) })
const text = (oid: string, value: string): Extension => ({ oid, value: der.tlv(0x16, utf8(value)) })

/** AMD's extensions in its order, with the reserved patch levels. */
export const vekExtensions = ({ product, tcb, hwId, cspId }: VekFields): Extension[] => [
  number(AMD.structVersion, tcb.fmc === undefined ? 0 : 1),
  text(AMD.product, product),
  number(AMD.bootloader, tcb.bootloader),
  number(AMD.tee, tcb.tee),
  ...[4, 5, 6, 7].map((reserved) => number(`${ARC}.3.${reserved}`, 0)),
  number(AMD.snp, tcb.snp),
  number(AMD.microcode, tcb.microcode),
  ...(tcb.fmc === undefined ? [] : [number(AMD.fmc, tcb.fmc)]),
  ...(hwId ? [{ oid: AMD.hwId, value: hwId }] : []), // without the OCTET STRING that would be due
  ...(cspId === undefined ? [] : [text(AMD.cspId, cspId)]),
]
