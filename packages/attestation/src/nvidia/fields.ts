import { equalBytes, toHex } from '@dcml/protocol'
import { Cursor } from '../cursor.ts'
import { Refusal } from '../x509/der.ts'

/** How the GPUs of a machine are used together: alone, several over encrypted NVLink, or protected PCIe (PPCIE). */
export type GpuMode = 'single' | 'multi' | 'ppcie'

/** What a GPU says of itself in its report; nothing here is verified. */
export interface GpuFields {
  readonly kind: 'gpu'
  /** `550.144.03` */
  readonly driver: string
  /** `96.00.74.00.1C` */
  readonly vbios: string
  /** Board: project, its SKU and the chip's, as in the name of the VBIOS RIM. */
  readonly board: { readonly project: string; readonly projectSku: string; readonly chipSku: string }
  /** `GB100`; Hopper does not say. */
  readonly chip: string | undefined
  readonly mode: GpuMode
  /** Digest of the firmware that holds the attestation key, 48 bytes; drivers before 550 do not say. */
  readonly fwid: Uint8Array | undefined
  /** Whether the video decoder whose microcode is measurement 35 is there. */
  readonly nvdec0: boolean
  /** Identifiers (PDI, 8 bytes as hex) of the switches that its NVLinks lead to, each once. */
  readonly links: readonly string[]
}

/** What an NVSwitch says of itself in its report; nothing here is verified. */
export interface SwitchFields {
  readonly kind: 'switch'
  /** `96.10.55.00.01` */
  readonly vbios: string
  /** Its own identifier (PDI), 8 bytes as hex. */
  readonly pdi: string
  readonly fwid: Uint8Array | undefined
  /** Identifiers of the GPUs at its ports, each once. */
  readonly links: readonly string[]
  /** Whether nobody can configure it any more. */
  readonly locked: boolean
}

export type DeviceFields = GpuFields | SwitchFields

/** Types of NVIDIA's fields: `OPAQUE_FIELD_ID_*` of NVIDIA/nvtrust. The two kinds give 22 different meanings. */
const FIELD = {
  driver: 3,
  vbios: 6,
  nvdec0: 11,
  chipSku: 15,
  project: 17,
  projectSku: 18,
  fwid: 20,
  protectedPcie: 21,
  /** GPU: PDI of the switch behind each of 18 links, bytes reversed, 0 where the link is off. Switch: its own PDI. */
  pdi: 22,
  /** Of a switch: 1 once it is locked. */
  lock: 25,
  /** PDIs of up to 8 GPUs, all ones where there is none; then which port leads to which. */
  gpuPdis: 26,
  chip: 35,
  mode: 36,
} as const

const PDI_BYTES = 8
const MAX_GPUS_OF_SWITCH = 8
const ENABLED = 0xaa
const DISABLED = 0x55
const LOCKED = Uint8Array.of(1, 0)
const MODES: readonly GpuMode[] = ['single', 'multi', 'ppcie']

/**
 * Reads NVIDIA's fields of a report: `type u16 | length u16 | value`, little endian, again and again. A type that is there
 * twice is refused, one that is unknown passes over.
 * @throws Refusal
 */
export function readGpuFields(kind: 'gpu' | 'switch', opaque: Uint8Array): DeviceFields {
  const fields = readTlvs(opaque)
  return kind === 'gpu' ? readGpu(fields) : readSwitch(fields)
}

function readTlvs(opaque: Uint8Array): Map<number, Uint8Array> {
  const reader = new Cursor(opaque)
  const fields = new Map<number, Uint8Array>()
  while (!reader.done) {
    const type = reader.uint(2)
    if (fields.has(type)) throw new Refusal(`report: field ${type} is there twice`)
    fields.set(type, reader.take(reader.uint(2)))
  }
  return fields
}

type Fields = ReadonlyMap<number, Uint8Array>

function readGpu(fields: Fields): GpuFields {
  return {
    kind: 'gpu',
    driver: text(fields, 'driver', /^\d{1,4}(\.\d{1,4}){1,3}$/),
    vbios: readPackedVersion(required(fields, 'vbios')),
    board: {
      project: text(fields, 'project', WORD).toUpperCase(),
      projectSku: text(fields, 'projectSku', WORD).toUpperCase(),
      chipSku: text(fields, 'chipSku', WORD).toUpperCase(),
    },
    chip: fields.has(FIELD.chip) ? text(fields, 'chip', WORD) : undefined,
    mode: readMode(fields),
    fwid: readFwid(fields),
    nvdec0: readSwitchedOn(fields, 'nvdec0') ?? true,
    links: readPdis(fields.get(FIELD.pdi) ?? new Uint8Array()).map(reversed),
  }
}

function readSwitch(fields: Fields): SwitchFields {
  const [pdi, other] = readPdis(required(fields, 'pdi'))
  if (pdi === undefined || other !== undefined) throw new Refusal('report: a switch has one identifier')
  return {
    kind: 'switch',
    vbios: text(fields, 'vbios', /^[0-9A-Fa-f]{2}(\.[0-9A-Fa-f]{2}){4}$/).toUpperCase(),
    pdi,
    fwid: readFwid(fields),
    links: readPdis(required(fields, 'gpuPdis').subarray(0, MAX_GPUS_OF_SWITCH * PDI_BYTES)),
    locked: equalBytes(fields.get(FIELD.lock) ?? new Uint8Array(), LOCKED),
  }
}

const WORD = /^[0-9A-Za-z_-]{1,16}$/

function required(fields: Fields, name: keyof typeof FIELD): Uint8Array {
  const value = fields.get(FIELD[name])
  if (!value) throw new Refusal(`report: field ${FIELD[name]} (${name}) is missing`)
  return value
}

/** ASCII that is padded with zeros. */
function text(fields: Fields, name: keyof typeof FIELD, form: RegExp): string {
  const value = String.fromCharCode(...required(fields, name).subarray(0, 64)).replace(/\0+$/, '')
  if (!form.test(value)) throw new Refusal(`report: field ${FIELD[name]} (${name}) has no such form`)
  return value
}

/** `00 a5 00 96 01 00 00 00` is 96.00.A5.00.01. */
function readPackedVersion(bytes: Uint8Array): string {
  const [d, c, b, a, e, ...zeros] = bytes
  if (bytes.length !== 8 || zeros.some((byte) => byte !== 0)) throw new Refusal('report: not a VBIOS version')
  return [a!, b!, c!, d!, e!].map((part) => toHex(Uint8Array.of(part)).toUpperCase()).join('.')
}

/** Older drivers have no flag for the mode, and say only whether PCIe is protected. */
function readMode(fields: Fields): GpuMode {
  const flag = fields.get(FIELD.mode)
  if (!flag) return readSwitchedOn(fields, 'protectedPcie') ? 'ppcie' : 'single'
  const mode = flag.length === 2 && flag[1] === 0 ? MODES[flag[0]!] : undefined
  if (!mode) throw new Refusal('report: unknown mode (feature flag)')
  return mode
}

function readSwitchedOn(fields: Fields, name: 'nvdec0' | 'protectedPcie'): boolean | undefined {
  const value = fields.get(FIELD[name])
  if (!value) return undefined
  if (value.length !== 1 || (value[0] !== ENABLED && value[0] !== DISABLED))
    throw new Refusal(`report: field ${FIELD[name]} (${name}) is neither on nor off`)
  return value[0] === ENABLED
}

function readFwid(fields: Fields): Uint8Array | undefined {
  const fwid = fields.get(FIELD.fwid)
  if (fwid && fwid.length !== 48) throw new Refusal('report: FWID is not a SHA-384 digest')
  return fwid
}

/** Distinct identifiers as hex, without those that stand for nothing. */
function readPdis(bytes: Uint8Array): string[] {
  if (bytes.length % PDI_BYTES !== 0) throw new Refusal('report: identifiers (PDI) are not whole')
  const pdis = Array.from({ length: bytes.length / PDI_BYTES }, (_, i) =>
    toHex(bytes.subarray(i * PDI_BYTES, (i + 1) * PDI_BYTES)),
  )
  return [...new Set(pdis)].filter((pdi) => !/^(0+|f+)$/.test(pdi))
}

const reversed = (pdi: string): string => pdi.replace(/(..)(..)(..)(..)(..)(..)(..)(..)/, '$8$7$6$5$4$3$2$1')
