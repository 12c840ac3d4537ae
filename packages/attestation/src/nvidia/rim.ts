// NVIDIA's reference integrity manifests: a SWID tag (ISO 19770-2, TCG RIM) with an enveloped XML signature. All have
// one form, and this reader knows no other, so that a signature cannot be wrapped around something else.
import { utf8 } from '@dcml/protocol'
import { base64 } from '@scure/base'
import { Refusal } from '../x509/der.ts'
import { NAMESPACES, XmlReader } from './xml.ts'

/** Longest manifest that is read, in characters. */
export const MAX_RIM_CHARACTERS = 262_144

/** What a manifest says; nothing here is verified. */
export interface Rim {
  /** Chip that it is for, `GH100`. */
  readonly product: string
  readonly edition: 'GPU' | 'SWITCH'
  /** Of the driver, `550.144.03`, or of the VBIOS, `96.00.74.00.1C`. */
  readonly version: string
  /** Accepted values (lower-case hex of SHA-384) by the index of the measurement, from 0; only what the RIM calls active. */
  readonly active: ReadonlyMap<number, readonly string[]>
  /** Canonical form (Canonical XML 1.1) without the signature: what `digest` is the SHA-384 of. */
  readonly content: Uint8Array
  readonly digest: Uint8Array
  /** Canonical form of SignedInfo, which names the digest: what `signature` (r‖s on P-384) is over. */
  readonly signedInfo: Uint8Array
  readonly signature: Uint8Array
  /** DER, signer first. */
  readonly certificates: readonly Uint8Array[]
}

const DS = 'http://www.w3.org/2000/09/xmldsig#'
const C14N11 = 'http://www.w3.org/2006/12/xml-c14n11'

/** Everything that SignedInfo says, before and after the digest. */
const SIGNED_INFO = [
  '<ds:SignedInfo>',
  `<ds:CanonicalizationMethod Algorithm="${C14N11}"/>`,
  '<ds:SignatureMethod Algorithm="http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha384"/>',
  '<ds:Reference URI=""><ds:Transforms>',
  `<ds:Transform Algorithm="${DS}enveloped-signature"/>`,
  `<ds:Transform Algorithm="${C14N11}"/>`,
  '</ds:Transforms><ds:DigestMethod Algorithm="http://www.w3.org/2001/04/xmldsig-more#sha384"/><ds:DigestValue>',
].join('')
const SIGNED_INFO_END = '</ds:DigestValue></ds:Reference></ds:SignedInfo>'

/** Reads a manifest of the one form. @throws Refusal */
export function readRim(text: string): Rim {
  if (text.length > MAX_RIM_CHARACTERS) throw new Refusal(`RIM: above ${MAX_RIM_CHARACTERS} characters`)
  const reader = new XmlReader(text)
  const { content, ...statement } = readContent(reader)
  reader.literal(`<ds:Signature xmlns:ds="${DS}">`)
  const signed = readSignature(reader)
  reader.literal('</ds:Signature>')
  const after = reader.space()
  const end = reader.literal('</SoftwareIdentity>')
  reader.space() // outside the document element: no part of the canonical form
  if (!reader.done) throw new Refusal('RIM: text after the end')
  return { ...statement, content: utf8(`${content}${after}${end}`), ...signed }
}

type Statement = Pick<Rim, 'product' | 'edition' | 'version' | 'active'>

/** Everything up to the signature. */
function readContent(reader: XmlReader): Statement & { content: string } {
  const parts: string[] = []
  const tag = (name: string, empty: boolean) => {
    const { attributes, canonical } = reader.tag(name, { empty })
    parts.push(canonical, reader.space())
    return attributes
  }
  tag('SoftwareIdentity', false)
  tag('ns0:Entity', true)
  const meta = tag('ns0:Meta', true)
  tag('ns0:Payload', false)
  const active = new Map<number, readonly string[]>()
  const seen = new Set<number>()
  while (reader.peek('<ns0:Resource')) {
    const { index, values } = readResource(tag('ns0:Resource', true))
    if (seen.has(index)) throw new Refusal(`RIM: measurement ${index} is there twice`)
    seen.add(index)
    if (values) active.set(index, values)
  }
  parts.push(reader.literal('</ns0:Payload>'), reader.space())
  const edition = attribute(meta, 'edition', /^(GPU|SWITCH)$/) as Rim['edition']
  return {
    product: attribute(meta, 'product', /^[A-Z0-9]{2,16}$/),
    edition,
    version: attribute(meta, 'colloquialVersion', /^[0-9A-Fa-f]{1,4}(\.[0-9A-Fa-f]{1,4}){1,4}$/).toUpperCase(),
    active,
    content: parts.join(''),
  }
}

type Attributes = ReadonlyMap<string, string>

/** One measurement; without values where it is not active. */
function readResource(attributes: Attributes): { index: number; values?: readonly string[] } {
  attribute(attributes, 'type', /^Measurement$/)
  attribute(attributes, 'size', /^48$/)
  const index = Number(attribute(attributes, 'index', /^\d{1,3}$/))
  const count = Number(attribute(attributes, 'alternatives', /^[1-9]\d?$/))
  const hashes = [...attributes.keys()].filter((name) => name.startsWith('ns2:'))
  if (hashes.length !== count) throw new Refusal(`RIM: measurement ${index} does not have ${count} alternatives`)
  const values = hashes.map((_, i) => attribute(attributes, `ns2:Hash${i}`, /^[0-9A-Fa-f]{96}$/).toLowerCase())
  return attribute(attributes, 'active', /^(True|False)$/) === 'True' ? { index, values } : { index }
}

function attribute(attributes: Attributes, name: string, form: RegExp): string {
  const value = attributes.get(name)
  if (value === undefined || !form.test(value)) throw new Refusal(`RIM: attribute ${name} has no such form`)
  return value
}

function readSignature(reader: XmlReader): Pick<Rim, 'digest' | 'signedInfo' | 'signature' | 'certificates'> {
  const written = reader.literal(SIGNED_INFO) + reader.match(/[A-Za-z0-9+/]{64}/y) + reader.literal(SIGNED_INFO_END)
  const digest = written.slice(SIGNED_INFO.length, -SIGNED_INFO_END.length)
  reader.literal('<ds:SignatureValue>')
  const signature = reader.match(/[A-Za-z0-9+/]{128}/y)
  reader.literal('</ds:SignatureValue><ds:KeyInfo><ds:X509Data>')
  const certificates: Uint8Array[] = []
  while (reader.peek('<ds:X509Certificate>')) {
    reader.literal('<ds:X509Certificate>')
    certificates.push(decode(reader.match(/[A-Za-z0-9+/=\n]{1,8192}/y).replaceAll('\n', '')))
    reader.literal('</ds:X509Certificate>')
    if (certificates.length > 6) throw new Refusal('RIM: more than 6 certificates')
  }
  reader.literal('</ds:X509Data></ds:KeyInfo>')
  return {
    digest: decode(digest),
    signedInfo: utf8(canonicalSignedInfo(written)),
    signature: decode(signature),
    certificates,
  }
}

/** As the apex of its own canonical form, SignedInfo binds every prefix that is in scope where it stands. */
function canonicalSignedInfo(written: string): string {
  const bound = ['', 'ds', 'ns0', 'ns2'].map((prefix) => {
    const name = prefix === '' ? 'xmlns' : `xmlns:${prefix}`
    return ` ${name}="${prefix === 'ds' ? DS : NAMESPACES[prefix]}"`
  })
  return written
    .replace('<ds:SignedInfo>', `<ds:SignedInfo${bound.join('')}>`)
    .replaceAll(/<(ds:\w+)( [^<>]*)\/>/g, '<$1$2></$1>')
}

function decode(text: string): Uint8Array {
  try {
    return base64.decode(text)
  } catch {
    throw new Refusal('RIM: not base64')
  }
}
