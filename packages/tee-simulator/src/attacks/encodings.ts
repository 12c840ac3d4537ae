import { fromHex, toHex } from '@dcml/protocol'
import {
  basicConstraints,
  certificateBody,
  crlBody,
  type Extension,
  issueCertificate,
  OID,
  sealBody,
} from '../certificate.ts'
import { pemChain } from '../issue.ts'
import { type Attack, attack } from './forge.ts'

/** A chain whose intermediate CA, in the quote alone, has these extensions. */
const intermediateInQuote = (name: string, bend: (extensions: readonly Extension[]) => Extension[]): Attack =>
  attack(name, 'quote_certificates', {
    chain: ({ pck, root }, { intermediate }) =>
      pemChain(pck, issueCertificate({ ...intermediate, extensions: bend(intermediate.extensions) }), root),
  })

/** basicConstraints (`SEQUENCE { BOOLEAN TRUE, INTEGER 0 }`) in other bytes, hex. */
const constraintsAs = (name: string, value: string): Attack =>
  intermediateInQuote(`basicConstraints with ${name}`, (extensions) =>
    extensions.map((old) => (old.oid === OID.basicConstraints ? { ...old, value: fromHex(value) } : old)),
  )

function replace(bytes: Uint8Array, from: string, to: string): Uint8Array {
  const text = toHex(bytes)
  if (!text.includes(from)) throw new RangeError(`${from} is not there to be replaced`)
  return fromHex(text.replace(from, to))
}

/** A PCK certificate that its issuer signed with one field written in another way; hex, equal lengths. */
const pckWith = (name: string, from: string, to: string): Attack =>
  attack(name, 'quote_certificates', {
    plan: ({ pck }) => {
      pck.serial = fromHex('010203')
    },
    chain: ({ intermediate, root }, { pck }) =>
      pemChain(sealBody(replace(certificateBody(pck), from, to), pck.signer), intermediate, root),
  })

const pemOf = (name: string, bend: (pem: string) => string): Attack =>
  attack(name, 'collateral_certificates', {
    collateral: ({ tcb_info_issuer_chain }) => ({ tcb_info_issuer_chain: bend(tcb_info_issuer_chain) }),
  })

/** Certificates and lists that lax readers read and that two readers may read in two ways. */
export const encodingAttacks: readonly Attack[] = [
  pckWith('certificate of X.509 version 2', 'a003020102', 'a003020101'),
  pckWith('certificate that names another signature algorithm inside', '2a8648ce3d040302', '2a8648ce3d040303'),
  pckWith('certificate for a key on another curve', '2a8648ce3d030107', '2a8648ce3d030106'),
  pckWith('certificate for a key that is no uncompressed point', '03420004', '03420006'),
  pckWith('certificate with a negative serial number', '0203010203', '0203810203'),
  pckWith('certificate with a padded serial number', '0203010203', '0203000203'),
  // 200101000000Z
  pckWith('certificate valid from 30 February', '3230303130313030303030305a', '3230303233303030303030305a'),
  pckWith('certificate with a date outside UTC', '3230303130313030303030305a', '3230303130313030303030302b'),
  pckWith('keyUsage with bits to spare', '030206c0', '030200c0'),
  pckWith('an extension that spells out critical FALSE', '0603551d0f0101ff', '0603551d0f010100'),
  attack('certificate with a serial number of 21 octets', 'quote_certificates', {
    plan: ({ pck }) => {
      pck.serial = new Uint8Array(21).fill(1)
    },
  }),
  intermediateInQuote('basicConstraints twice', (extensions) => [...extensions, basicConstraints(true, 7)]),
  constraintsAs('a boolean that is neither 00 nor FF', '3006010101020100'),
  constraintsAs('its default spelled out', '3006010100020100'),
  constraintsAs('a length in more bytes than it needs', '3081060101ff020100'),
  constraintsAs('an indefinite length', '30800101ff0201000000'),
  constraintsAs('a length beyond its end', '30070101ff020100'),
  constraintsAs('an empty pathLen', '30050101ff0200'),
  constraintsAs('a huge pathLen', '30080101ff0203010000'),
  constraintsAs('a pathLen that is no integer', '30060101ff040100'),
  constraintsAs('something behind it', '30060101ff0201000500'),
  attack('PCK CRL of X.509 version 1', 'pck_crl_format', {
    collateral: (_, __, { pckCrl }) => ({
      pck_crl: toHex(sealBody(replace(crlBody(pckCrl), '020101300a', '020100300a'), pckCrl.signer)),
    }),
  }),
  attack('PCK CRL with a date outside UTC', 'pck_crl_format', {
    collateral: (_, __, { pckCrl }) => ({
      pck_crl: toHex(sealBody(replace(crlBody(pckCrl), '3030303030305a', '3030303030302b'), pckCrl.signer)),
    }),
  }),
  attack('PCK chain without a certificate', 'quote_certificates', { chain: () => 'no certificate here' }),
  pemOf('text between the certificates of a chain', (pem) => pem.replace('-----\n-----', '-----\nnothing\n-----')),
  pemOf('a chain whose last certificate does not end', (pem) => pem.slice(0, -30)),
  pemOf('certificates without line breaks', (pem) => pem.replace(/([A-Za-z0-9+/=])\n(?=[A-Za-z0-9+/])/g, '$1')),
  pemOf('certificates with a character outside base64', (pem) => pem.replace('\nMI', '\n_I')),
  pemOf('a chain of a hundred certificates', (pem) => pem.repeat(50)),
]
