// A reference integrity manifest as NVIDIA publishes it: a SWID tag with an enveloped XML signature. The writer knows one
// tree in two spellings, the one that NVIDIA writes and its canonical form (Canonical XML 1.1), which is what is hashed.
import { createHash } from 'node:crypto'
import { toHex, utf8 } from '@dcml/protocol'
import { type KeyPair, signRaw } from '../keys.ts'
import { element, lines, type XmlElement } from './xml.ts'

/** Reference values of one measurement: the device has to show one of them. */
export interface RimEntry {
  /** Zero-based; SPDM counts from one. */
  index: number
  active: boolean
  /** 48 bytes each. */
  values: Uint8Array[]
}

/** Everything in a RIM, before it is signed. */
export interface RimTemplate {
  product: string
  edition: 'GPU' | 'SWITCH'
  /** Of the driver or the VBIOS. */
  version: string
  entries: RimEntry[]
  signer: KeyPair
  /** DER, signer first, root last. */
  certificates: Uint8Array[]
}

const SWID = 'http://standards.iso.org/iso/19770/-2/2015/schema.xsd'
const SHA384 = 'http://www.w3.org/2001/04/xmlenc#sha384'
const DSIG = 'http://www.w3.org/2000/09/xmldsig#'
const MORE = 'http://www.w3.org/2001/04/xmldsig-more#'
const C14N = 'http://www.w3.org/2006/12/xml-c14n11'
const RIM = 'https://trustedcomputinggroup.org/resource/tcg-reference-integrity-manifest-rim-information-model/'
const scope = { '': SWID, ns0: SWID, ns2: SHA384 }
const manufacturer = { PlatformManufacturerStr: 'NVIDIA Corporation', PlatformManufacturerId: '5703' }

/** The text of a signed RIM. */
export function issueRim(template: RimTemplate): string {
  const tag = swidTag(template)
  const info = signedInfo(tag.canonical())
  const signature = element('ds:Signature', { namespaces: { ds: DSIG } }, [
    info,
    element('ds:SignatureValue', {}, [base64(signRaw(template.signer, utf8(info.canonical({ ...scope, ds: DSIG }))))]),
    element('ds:KeyInfo', {}, [
      element(
        'ds:X509Data',
        {},
        template.certificates.map((der) => element('ds:X509Certificate', {}, [lines(base64(der))])),
      ),
    ]),
  ])
  return tag.write(signature.write())
}

function swidTag({ product, edition, version, entries }: RimTemplate): XmlElement {
  const tagId = createHash('sha384').update(`${product} ${edition} ${version}`).digest('hex')
  const about = { corpus: 'false', name: product, patch: 'false', supplemental: 'false', tagId }
  const meta = { colloquialVersion: version, edition, product, revision: 'r1', PayloadType: 'direct' }
  const bound = {
    'ns1:BindingSpec': 'RIMIM',
    'ns1:BindingSpecVersion': '1.01',
    'ns1:PlatformManufacturerId': manufacturer.PlatformManufacturerId,
    'ns1:PlatformManufacturerStr': manufacturer.PlatformManufacturerStr,
    'ns1:PlatformModel': product,
    'ns1:FirmwareManufacturer': manufacturer.PlatformManufacturerStr,
    'ns1:FirmwareManufacturerId': manufacturer.PlatformManufacturerId,
  }
  return element('SoftwareIdentity', { namespaces: scope, attributes: { ...about, version: '1.0', tagVersion: '0' } }, [
    '\n    ',
    element('ns0:Entity', { attributes: { name: 'NVIDIA Corporation', role: 'softwareCreator tagCreator' } }),
    '\n    ',
    element('ns0:Meta', { namespaces: { ns1: RIM }, attributes: { ...meta, ...bound } }),
    '\n    ',
    element('ns0:Payload', { namespaces: { SHA384 } }, [
      ...entries.flatMap((entry) => ['\n        ', resource(entry)]),
      '\n    ',
    ]),
    '\n',
  ])
}

const resource = ({ index, active, values }: RimEntry): XmlElement =>
  element('ns0:Resource', {
    attributes: {
      type: 'Measurement',
      index: `${index}`,
      active: active ? 'True' : 'False',
      alternatives: `${values.length}`,
      ...Object.fromEntries(values.map((value, i) => [`ns2:Hash${i}`, toHex(value)])),
      name: `Measurement_${index}`,
      size: '48',
    },
  })

const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64')

function signedInfo(canonical: string): XmlElement {
  const algorithm = (tag: string, Algorithm: string): XmlElement => element(tag, { attributes: { Algorithm } })
  return element('ds:SignedInfo', {}, [
    algorithm('ds:CanonicalizationMethod', C14N),
    algorithm('ds:SignatureMethod', `${MORE}ecdsa-sha384`),
    element('ds:Reference', { attributes: { URI: '' } }, [
      element('ds:Transforms', {}, [
        algorithm('ds:Transform', `${DSIG}enveloped-signature`),
        algorithm('ds:Transform', C14N),
      ]),
      algorithm('ds:DigestMethod', `${MORE}sha384`),
      element('ds:DigestValue', {}, [createHash('sha384').update(canonical).digest('base64')]),
    ]),
  ])
}
