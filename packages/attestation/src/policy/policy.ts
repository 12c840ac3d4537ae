import { DcmlError } from '@dcml/protocol'
import * as v from 'valibot'
import type { Environment } from '../check.ts'
import { TCB_STATUSES, type TcbStatus } from '../tdx/tcb-status.ts'

/** How tightly the evidence must be tied to the channel it came over; each includes the ones before it. */
export type Binding = 'key' | 'session-signed' | 'session-quoted'

/**
 * Measurements of one boot image, as lower-case hex of 48 bytes. A register that is waived with `'any'` is not compared:
 * then the check `boot_image` shows as skipped, and in production no key is released on it.
 */
export interface ImageMeasurements {
  /** The firmware alone: it says nothing about what the firmware went on to boot. */
  readonly mrtd: string
  /** Configuration of the virtual machine, which differs with its size. Left out: not compared. */
  readonly rtmr0?: string
  /** Boot loader and kernel (Intel TDX Virtual Firmware Design Guide, measurement registers). */
  readonly rtmr1: string
  /** Kernel command line and initial file system. */
  readonly rtmr2: string
  /** Name of the image in the result. */
  readonly label: string
}

/** The registers that an image waives and that would say what was booted. */
export const waivedRegisters = (image: ImageMeasurements): string[] =>
  (['mrtd', 'rtmr1', 'rtmr2'] as const).filter((register) => image[register] === 'any')

/**
 * What a verifier accepts. Everything not said here is refused; a list of accepted values has to be given or waived
 * with `'any'`, which shows in the result as a skipped check. All hex is lower case, without prefix.
 */
export interface Policy {
  /** Which trust roots may stand behind the evidence. */
  readonly environment: Environment
  /** Accepted image manifests: SHA-256 of the exact manifest bytes, as MRCONFIGID carries it. */
  readonly imageH: readonly string[] | 'any'
  /** Accepted models, as the claims name them. Left out: any. */
  readonly modelH?: readonly string[]
  /**
   * Accepted boot images. MRCONFIGID is set by the host: `imageH` means something only because an accepted boot image
   * refuses to run another manifest.
   */
  readonly images: readonly ImageMeasurements[] | 'any'
  /** Accepted TDX modules (MRSEAM), 48 bytes each. Left out: every module whose signer Intel's TCB info names. */
  readonly mrSeam?: readonly string[]
  readonly tcb: {
    /** Accepted statuses, `Revoked` never being one of them. */
    readonly accept: readonly Exclude<TcbStatus, 'Revoked'>[]
    /** Least `tcbEvaluationDataNumber` of TCB info and QE identity: older sets hide later advisories. */
    readonly minEvaluationNumber: number
    /** Advisories that are refused whatever the status. */
    readonly deniedAdvisories: readonly string[]
    /** Advisories that a platform with a status other than UpToDate may be subject to. */
    readonly allowedAdvisories: readonly string[]
    /** Days after the date of its TCB level (`tcbDate`) during which an OutOfDate platform is still accepted. */
    readonly graceDays: number
  }
  /** TD attributes that are tolerated. */
  readonly td: {
    readonly debug: boolean
    readonly migratable: boolean
    readonly perfmon: boolean
    /**
     * Service TDs, such as those that migrate a TD. They show as MRSERVICETD in the TD 1.5 report of quotes of version 5;
     * the TD 1.0 report of version 4, all that is read now, has no such field: `false` is skipped there, not fulfilled.
     */
    readonly serviceTd: boolean
  }
  /** Accepted platforms by PPID or platform instance id, 16 bytes each. Left out: every platform. */
  readonly platforms?: readonly string[]
  readonly binding: Binding
  /** Greatest age of the claims. */
  readonly maxAgeSeconds: number
}

const hex = (bytes: number) =>
  v.pipe(v.string(), v.toLowerCase(), v.regex(/^[0-9a-f]*$/, 'not hex'), v.length(bytes * 2, `not ${bytes} bytes`))
const measurement = hex(48)
const advisory = v.pipe(v.string(), v.regex(/^INTEL-(SA|DOC)-\d{5}$/, 'not an Intel advisory id'))
const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0))
// Not a union, whose issues would not say which item is wrong.
const anyOr = <Item extends v.GenericSchema>(item: Item) => {
  const waived = v.literal('any')
  const list = v.array(item)
  return v.lazy<typeof waived | typeof list>((value) => (typeof value === 'string' ? waived : list))
}
/** The text of a waiver passes as it is, anything else has to be a measurement. */
const waivable = v.lazy<v.LiteralSchema<'any', undefined> | typeof measurement>((value) =>
  value === 'any' ? v.literal('any') : measurement,
)
const acceptable = TCB_STATUSES.filter((status) => status !== 'Revoked')

const schema = v.strictObject({
  environment: v.optional(v.picklist(['production', 'development']), 'production'),
  imageH: v.optional(anyOr(hex(32)), []),
  modelH: v.exactOptional(v.array(hex(32))),
  images: v.optional(
    anyOr(
      v.strictObject({
        mrtd: waivable,
        rtmr0: v.exactOptional(measurement),
        rtmr1: waivable,
        rtmr2: waivable,
        label: v.string(),
      }),
    ),
    [],
  ),
  mrSeam: v.exactOptional(v.array(measurement)),
  tcb: v.optional(
    v.strictObject({
      accept: v.optional(v.array(v.picklist(acceptable)), ['UpToDate']),
      minEvaluationNumber: v.optional(count, 20),
      deniedAdvisories: v.optional(v.array(advisory), []),
      allowedAdvisories: v.optional(v.array(advisory), []),
      graceDays: v.optional(v.pipe(v.number(), v.finite(), v.minValue(0)), 0),
    }),
    {},
  ),
  td: v.optional(
    v.strictObject({
      debug: v.optional(v.boolean(), false),
      migratable: v.optional(v.boolean(), false),
      perfmon: v.optional(v.boolean(), false),
      serviceTd: v.optional(v.boolean(), false),
    }),
    {},
  ),
  platforms: v.exactOptional(v.array(hex(16))),
  binding: v.optional(v.picklist(['key', 'session-signed', 'session-quoted']), 'session-signed'),
  maxAgeSeconds: v.optional(v.pipe(v.number(), v.finite(), v.minValue(0)), 600),
})

/** A policy as written in a file: what is left out takes the strictest value, which for `imageH` and `images` is none. */
export type PolicyInput = v.InferInput<typeof schema>

/**
 * Reads a policy from parsed JSON. Fields left out take their strictest value: `{}` refuses everything.
 * @throws DcmlError `policy_invalid` on an unknown field or a value of the wrong form
 */
export function parsePolicy(json: unknown): Policy {
  const result = v.safeParse(schema, json)
  if (result.success) return result.output
  const issue = result.issues[0]
  const field = v.getDotPath(issue) ?? 'policy'
  throw new DcmlError('policy_invalid', `The policy is not valid at ${field}: ${issue.message}`, {
    hint: 'Correct this field; the fields are those of the type Policy.',
    details: { field },
  })
}
