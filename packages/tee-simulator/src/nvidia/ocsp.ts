import { createHash } from 'node:crypto'
import { concatBytes } from '@dcml/protocol'
import {
  type CertificateTemplate,
  type Extension,
  encodeName,
  extensionList,
  issueCertificate,
  keyIdentifier,
  type Name,
  type OtherHash,
  signatureAlgorithm,
} from '../certificate.ts'
import * as der from '../der.ts'
import { type KeyPair, signDer } from '../keys.ts'

/** What a responder says about one certificate (RFC 6960 §4.2.1). */
export interface OcspStatement {
  /** Names the certificate by its issuer and serial number. */
  issuer: Name
  issuerKey: KeyPair
  serial: Uint8Array
  hash: 'sha1' | 'sha256' | 'sha384'
  status: 'good' | 'revoked' | 'unknown'
  thisUpdate: Date
  nextUpdate: Date | undefined
}

/** An OCSP response, before it is signed. */
export interface OcspTemplate {
  /** 0: successful; others say why there is no answer, and have none. */
  responseStatus: number
  statements: OcspStatement[]
  producedAt: Date
  /** Certificate that comes along; undefined where the issuer answers itself. */
  responder: CertificateTemplate | undefined
  responderName: 'key' | 'subject'
  signer: KeyPair
  hash?: OtherHash
  extensions: Extension[]
}

export const OCSP_SIGNING = '1.3.6.1.5.5.7.3.9'

const hashes = { sha1: '1.3.14.3.2.26', sha256: '2.16.840.1.101.3.4.2.1', sha384: '2.16.840.1.101.3.4.2.2' } as const

export const extendedKeyUsage = (purpose: string): Extension => ({
  oid: '2.5.29.37',
  value: der.sequence(der.oid(purpose)),
})

/** The responder's own revocation is not to be asked for (RFC 6960 §4.2.2.2.1). */
export const ocspNoCheck: Extension = { oid: '1.3.6.1.5.5.7.48.1.5', value: der.tlv(0x05) }

/** An OCSPResponse in DER. */
export function issueOcsp(template: OcspTemplate): der.Der {
  if (template.responseStatus !== 0) return der.sequence(der.enumerated(template.responseStatus))
  const body = responseData(template)
  const basic = der.sequence(
    body,
    signatureAlgorithm(template.signer, template.hash),
    der.bitString(signDer(template.signer, body, template.hash?.used)),
    ...(template.responder ? [der.explicit(0, der.sequence(issueCertificate(template.responder)))] : []),
  )
  const basicResponse = der.oid('1.3.6.1.5.5.7.48.1.1')
  return der.sequence(der.enumerated(0), der.explicit(0, der.sequence(basicResponse, der.octetString(basic))))
}

function responseData({
  statements,
  producedAt,
  responder,
  responderName,
  signer,
  extensions,
}: OcspTemplate): Uint8Array {
  const id =
    responderName === 'key'
      ? der.explicit(2, der.octetString(keyIdentifier(responder?.key ?? signer)))
      : der.explicit(1, encodeName(responder?.subject ?? statements[0]!.issuer))
  return der.sequence(
    id,
    der.generalizedTime(producedAt),
    der.sequence(...statements.map(singleResponse)),
    ...(extensions.length === 0 ? [] : [der.explicit(1, extensionList(extensions))]),
  )
}

function singleResponse(statement: OcspStatement): Uint8Array {
  const digest = (bytes: Uint8Array): Uint8Array => der.octetString(createHash(statement.hash).update(bytes).digest())
  const { issuer, issuerKey, serial, thisUpdate, nextUpdate } = statement
  return der.sequence(
    der.sequence(
      der.sequence(der.oid(hashes[statement.hash])),
      digest(encodeName(issuer)),
      digest(concatBytes(Uint8Array.of(4), issuerKey.point)),
      der.integer(serial),
    ),
    {
      good: der.implicit(0, new Uint8Array()),
      revoked: der.explicit(1, der.generalizedTime(thisUpdate)),
      unknown: der.implicit(2, new Uint8Array()),
    }[statement.status],
    der.generalizedTime(thisUpdate),
    ...(nextUpdate ? [der.explicit(0, der.generalizedTime(nextUpdate))] : []),
  )
}
