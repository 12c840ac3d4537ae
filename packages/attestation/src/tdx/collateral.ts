import { fromHex, utf8 } from '@dcml/protocol'
import * as v from 'valibot'
import type { TdxCollateral } from '../tee.ts'
import { Refusal } from '../x509/der.ts'
import { LEVEL_STATUSES } from './tcb-status.ts'

const text = v.pipe(v.string(), v.maxLength(262_144))
// One spelling only: what is signed is the bytes, and no character of the text may change unnoticed.
const hexText = v.pipe(
  v.string(),
  v.maxLength(1_048_576),
  v.check((value) => value.length % 2 === 0 && !/[^0-9a-f]/.test(value), 'not lower-case hex'),
)
const bytes = v.pipe(
  hexText,
  v.transform((value) => fromHex(value)),
)
const signedText = v.pipe(
  text,
  v.check((value) => value.isWellFormed(), 'not Unicode text'),
  v.transform((value) => ({ text: value, bytes: utf8(value) })),
)
const signature = v.pipe(
  hexText,
  v.length(128, 'not 64 bytes'),
  v.transform((value) => fromHex(value)),
)

const collateralSchema = v.object({
  pck_crl_issuer_chain: text,
  root_ca_crl: bytes,
  pck_crl: bytes,
  tcb_info_issuer_chain: text,
  tcb_info: signedText,
  tcb_info_signature: signature,
  qe_identity_issuer_chain: text,
  qe_identity: signedText,
  qe_identity_signature: signature,
})

const hex = (length: number) =>
  v.pipe(
    v.string(),
    v.regex(/^[0-9A-Fa-f]*$/, 'not hex'),
    v.length(length * 2, `not ${length} bytes`),
    v.transform((value) => fromHex(value)),
  )
const date = v.pipe(
  v.string(),
  v.regex(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/, 'not a UTC date'),
  v.transform((value) => Date.parse(value)),
  v.finite('no such date'),
)
const uint = (max: number) => v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(max))
const rating = {
  tcbDate: date,
  tcbStatus: v.picklist(LEVEL_STATUSES),
  advisoryIDs: v.optional(v.array(v.string()), []),
}
const enclaveLevels = v.array(v.object({ tcb: v.object({ isvsvn: uint(65_535) }), ...rating }))
const component = v.object({ svn: uint(255), category: v.optional(v.string(), ''), type: v.optional(v.string(), '') })
const components = v.pipe(v.array(component), v.length(16))
const issued = { issueDate: date, nextUpdate: date, tcbEvaluationDataNumber: uint(0xffff_ffff) }
const module = { mrsigner: hex(48), attributes: hex(8), attributesMask: hex(8) }

const tcbInfoSchema = v.object({
  id: v.literal('TDX'),
  version: v.literal(3),
  ...issued,
  fmspc: hex(6),
  pceId: hex(2),
  tcbType: v.literal(0),
  tdxModule: v.object(module),
  tdxModuleIdentities: v.optional(v.array(v.object({ id: v.string(), ...module, tcbLevels: enclaveLevels })), []),
  tcbLevels: v.array(
    v.object({
      tcb: v.object({ sgxtcbcomponents: components, pcesvn: uint(65_535), tdxtcbcomponents: components }),
      ...rating,
    }),
  ),
})

const qeIdentitySchema = v.object({
  id: v.literal('TD_QE'),
  version: v.literal(2),
  ...issued,
  miscselect: hex(4),
  miscselectMask: hex(4),
  attributes: hex(16),
  attributesMask: hex(16),
  mrsigner: hex(32),
  isvprodid: uint(65_535),
  tcbLevels: enclaveLevels,
})

/** {@link TdxCollateral} with its hex decoded and its signed texts beside their bytes. */
export type Collateral = v.InferOutput<typeof collateralSchema>
/** Intel's rating of a family of platforms (Intel PCS v4, TCB info version 3). */
export type TcbInfo = v.InferOutput<typeof tcbInfoSchema>
/** Intel's description of its TD quoting enclave (Intel PCS v4, enclave identity version 2). */
export type QeIdentity = v.InferOutput<typeof qeIdentitySchema>
/** One of Intel's ratings, the best first in its list. */
export interface TcbRating extends Pick<TcbInfo['tcbLevels'][number], 'tcbDate' | 'tcbStatus' | 'advisoryIDs'> {}
/** Intel's rating of the platform's own SVNs. */
export type TcbLevel = TcbInfo['tcbLevels'][number]
export type EnclaveLevel = QeIdentity['tcbLevels'][number]

export const readCollateral = (value: unknown): Collateral => read(collateralSchema, value)
export const readTcbInfo = (json: string): TcbInfo => read(tcbInfoSchema, parse(json))
export const readQeIdentity = (json: string): QeIdentity => read(qeIdentitySchema, parse(json))

function parse(json: string): unknown {
  try {
    return JSON.parse(json)
  } catch {
    throw new Refusal('not JSON')
  }
}

/** When TCB info was issued, Unix ms; of collateral that has passed: its text is what Intel signed. */
export const issuedAt = ({ tcb_info }: Pick<TdxCollateral, 'tcb_info'>): number =>
  Date.parse(JSON.parse(tcb_info).issueDate)

const WEEK = 7 * 86_400_000

/** Whether TCB info of this age (ms) may have a successor that rates a platform worse. */
export const isOld = (age: number): boolean => age > WEEK

function read<Schema extends v.GenericSchema>(schema: Schema, value: unknown): v.InferOutput<Schema> {
  // the first fault is enough: a list of nothing but faults would fill the memory with them
  const result = v.safeParse(schema, value, { abortEarly: true })
  if (result.success) return result.output
  const [issue] = result.issues
  throw new Refusal(`${v.getDotPath(issue) ?? 'value'}: ${issue.message.slice(0, 200)}`)
}
