// An independent reader of XML signatures reads the simulator's RIMs.
import { createHash, createVerify } from 'node:crypto'
import { createSimulator } from '@dcml/tee-simulator'
import { expect, test } from 'vitest'
import { C14nCanonicalization, SignedXml } from 'xml-crypto'

/** Canonical XML 1.1 differs from 1.0 in `xml:` attributes alone, of which RIMs have none. */
class CanonicalXml11 extends C14nCanonicalization {
  override getAlgorithmName(): string {
    return 'http://www.w3.org/2006/12/xml-c14n11'
  }
}

class EcdsaSha384 {
  getAlgorithmName = () => 'http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha384'
  getSignature = (): string => {
    throw new Error('verifies only')
  }
  verifySignature = (material: string, key: string, signature: string): boolean =>
    createVerify('sha384').update(material).verify({ key, dsaEncoding: 'ieee-p1363' }, signature, 'base64')
}

class Sha384 {
  getAlgorithmName = () => 'http://www.w3.org/2001/04/xmldsig-more#sha384'
  getHash = (xml: string): string => createHash('sha384').update(xml).digest('base64')
}

function signedText(xml: string): string {
  const signature = /<ds:Signature .*<\/ds:Signature>/s.exec(xml)![0]
  const der = /<ds:X509Certificate>([^<]*)</.exec(signature)![1]!
  const reader = new SignedXml({ publicCert: `-----BEGIN CERTIFICATE-----\n${der}-----END CERTIFICATE-----\n` })
  reader.CanonicalizationAlgorithms['http://www.w3.org/2006/12/xml-c14n11'] = CanonicalXml11 as never
  reader.HashAlgorithms['http://www.w3.org/2001/04/xmldsig-more#sha384'] = Sha384 as never
  reader.SignatureAlgorithms['http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha384'] = EcdsaSha384 as never
  reader.loadSignature(signature)
  expect(reader.checkSignature(xml)).toBe(true)
  return reader.getSignedReferences()[0]!
}

const simulator = await createSimulator()

test.each(['GH100', 'GB100'] as const)('xml-crypto verifies the RIMs of a machine with %s', async (chip) => {
  const { gpu } = simulator.createTee({ imageH: new Uint8Array(32), gpus: 2, switches: 1, chip })
  const rims = (await gpu!.evidence(new Uint8Array(32))).flatMap((device) => device.rims)
  expect(rims).toHaveLength(5)
  for (const rim of rims) expect(signedText(rim)).toContain('<ns0:Resource active="True"')
})

test('xml-crypto sees a measurement that was changed', async () => {
  const { gpu } = simulator.createTee({ imageH: new Uint8Array(32), gpus: 1 })
  const [device] = await gpu!.evidence(new Uint8Array(32))
  const changed = device!.rims[0]!.replace('active="True"', 'active="False"')
  expect(() => signedText(changed)).toThrow()
})
