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

/** The launch measurement of one boot image on SEV-SNP, as lower-case hex of 48 bytes. */
export interface SnpImage {
  /** MEASUREMENT: firmware and, where it is measured direct boot, kernel, command line and initial file system. */
  readonly snpMeasurement: string
  /** Name of the image in the result. */
  readonly label: string
}

/** Processor families whose reports are read. */
export type SnpProduct = 'Milan' | 'Genoa' | 'Turin'

/** Security patch levels of an SEV-SNP platform; `fmc` exists from Turin on. */
export interface SnpTcb {
  readonly fmc?: number
  readonly bootloader: number
  readonly tee: number
  readonly snp: number
  readonly microcode: number
}

/** What a GPU has to show. */
export interface GpuPolicy {
  /** How many GPUs there have to be, no more and no less. Left out: any number but none. */
  readonly count?: number
  /** How many switches there have to be. Left out: any number. */
  readonly switches?: number
  /** Accepted chips, such as `GH100`. */
  readonly chips: readonly string[]
  /** Least driver version, `550.144.03`. */
  readonly minDriver?: string
  /** Least VBIOS version, `96.00.74.00.1C`. */
  readonly minVbios?: string
  /** Whether a stapled OCSP response or CRL has to show each certificate of the device unrevoked. */
  readonly revocation: 'required' | 'off'
  /** Greatest age of an OCSP response or CRL, in hours, whatever it says of itself; NVIDIA's CRLs live for 60 days. */
  readonly maxOcspAgeHours: number
  /** Whether the GPU has to have signed `gpuNonce` and the quoted claims have to name its evidence. */
  readonly boundToCpu: boolean
  /** `also`: NVIDIA's own verdict has to be there and has to be yes. It never replaces local verification. */
  readonly nras: 'off' | 'also'
}

/** Whether this is an image for TDX. */
export const isTdxImage = (image: ImageMeasurements | SnpImage): image is ImageMeasurements => 'mrtd' in image

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
  /** Accepted kinds of TEE; TDX alone where nothing is said. */
  readonly tee: readonly ('tdx' | 'snp')[]
  /** Accepted image manifests: SHA-256 of the exact manifest bytes, as MRCONFIGID or HOST_DATA carries it. */
  readonly imageH: readonly string[] | 'any'
  /** Accepted models, as the claims name them. Left out: any. */
  readonly modelH?: readonly string[]
  /**
   * Accepted boot images. MRCONFIGID is set by the host: `imageH` means something only because an accepted boot image
   * refuses to run another manifest.
   */
  readonly images: readonly (ImageMeasurements | SnpImage)[] | 'any'
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
     * the TD 1.0 report has no such field: `false` is skipped there, not fulfilled.
     */
    readonly serviceTd: boolean
  }
  /** What is tolerated of a SEV-SNP guest and its platform. */
  readonly snp: {
    /** The host may debug the guest (policy bit 19). */
    readonly debug: boolean
    /** A migration agent may be associated with the guest (policy bit 18). */
    readonly migrate: boolean
    /** The platform may have CXL devices, which may hold memory of the guest (policy bit 21). */
    readonly cxl: boolean
    /**
     * The host may run with two threads per core (policy bit 16), which most do. Nothing measured says so: `false` asks
     * that the guest's own policy forbids it.
     */
    readonly smt: boolean
    /** Greatest VMPL at which the report may have been asked for; 0 is the most privileged. */
    readonly vmpl: number
    /** Reports signed by a VLEK, which AMD gives to a cloud provider, instead of the chip's own VCEK. */
    readonly vlek: boolean
    /**
     * Least reported, committed and launch TCB for each accepted processor family, AMD publishing no list of statuses. A
     * family that is not named is not accepted.
     */
    readonly minTcb: Readonly<Partial<Record<SnpProduct, SnpTcb>>>
    /** Whether the ARK's revocation list has to be there. */
    readonly crl: boolean
  }
  /** What the GPUs have to show. Left out: GPU evidence is not asked for, and not judged. */
  readonly gpu?: GpuPolicy
  /** Accepted platforms by PPID or platform instance id (TDX, 16 bytes) or chip id (SNP, 64). Left out: every platform. */
  readonly platforms?: readonly string[]
  /**
   * The least that ties the evidence to the channel. `key` is for evidence that is judged apart from the connection that
   * asked for it, and leaves the warning `key_binding` or `unbound`: whoever has the TLS key can relay (CVE-2026-33697).
   */
  readonly binding: Binding
  /** Greatest age of the claims. */
  readonly maxAgeSeconds: number
}

const hex = (bytes: number) =>
  v.pipe(v.string(), v.toLowerCase(), v.regex(/^[0-9a-f]*$/, 'not hex'), v.length(bytes * 2, `not ${bytes} bytes`))
const measurement = hex(48)
const platformId = v.pipe(
  v.string(),
  v.toLowerCase(),
  v.regex(/^([0-9a-f]{32}|[0-9a-f]{128})$/, 'not 16 bytes (TDX) or 64 bytes (SNP) of hex'),
)
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

const tdxImage = v.strictObject({
  mrtd: waivable,
  rtmr0: v.exactOptional(measurement),
  rtmr1: waivable,
  rtmr2: waivable,
  label: v.string(),
})
const snpImage = v.strictObject({ snpMeasurement: measurement, label: v.string() })
const isSnpImage = (item: unknown): boolean => typeof item === 'object' && item !== null && 'snpMeasurement' in item

const svn = v.pipe(count, v.maxValue(255))
const snpTcb = v.strictObject({ fmc: v.exactOptional(svn), bootloader: svn, tee: svn, snp: svn, microcode: svn })
const snpProducts = { Milan: v.exactOptional(snpTcb), Genoa: v.exactOptional(snpTcb), Turin: v.exactOptional(snpTcb) }
const flag = v.optional(v.boolean(), false)
const positive = v.pipe(v.number(), v.finite(), v.minValue(0))

const gpu = v.strictObject({
  count: v.exactOptional(v.pipe(count, v.minValue(1))),
  switches: v.exactOptional(count),
  chips: v.optional(v.array(v.string()), ['GH100', 'GB100']),
  minDriver: v.exactOptional(v.pipe(v.string(), v.regex(/^\d+(\.\d+){1,3}$/, 'not a driver version'))),
  minVbios: v.exactOptional(
    v.pipe(v.string(), v.regex(/^[0-9A-Fa-f]{2}(\.[0-9A-Fa-f]{2}){4}$/, 'not a VBIOS version')),
  ),
  revocation: v.optional(v.picklist(['required', 'off']), 'required'),
  maxOcspAgeHours: v.optional(positive, 24),
  boundToCpu: v.optional(v.boolean(), true),
  nras: v.optional(v.picklist(['off', 'also']), 'off'),
})

const schema = v.strictObject({
  environment: v.optional(v.picklist(['production', 'development']), 'production'),
  tee: v.optional(v.array(v.picklist(['tdx', 'snp'])), ['tdx']),
  imageH: v.optional(anyOr(hex(32)), []),
  modelH: v.exactOptional(v.array(hex(32))),
  images: v.optional(anyOr(v.lazy((item) => (isSnpImage(item) ? snpImage : tdxImage))), []),
  mrSeam: v.exactOptional(v.array(measurement)),
  tcb: v.optional(
    v.strictObject({
      accept: v.optional(v.array(v.picklist(acceptable)), ['UpToDate']),
      minEvaluationNumber: v.optional(count, 20),
      deniedAdvisories: v.optional(v.array(advisory), []),
      allowedAdvisories: v.optional(v.array(advisory), []),
      graceDays: v.optional(positive, 0),
    }),
    {},
  ),
  td: v.optional(
    v.strictObject({
      debug: flag,
      migratable: flag,
      perfmon: flag,
      serviceTd: flag,
    }),
    {},
  ),
  snp: v.optional(
    v.strictObject({
      debug: flag,
      migrate: flag,
      cxl: flag,
      smt: v.optional(v.boolean(), true),
      vmpl: v.optional(v.pipe(count, v.maxValue(3)), 0),
      vlek: flag,
      minTcb: v.optional(v.strictObject(snpProducts), {}),
      crl: v.optional(v.boolean(), true),
    }),
    {},
  ),
  gpu: v.exactOptional(gpu),
  platforms: v.exactOptional(v.array(platformId)),
  binding: v.optional(v.picklist(['key', 'session-signed', 'session-quoted']), 'session-signed'),
  maxAgeSeconds: v.optional(positive, 600),
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
