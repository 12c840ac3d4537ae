import { createHash } from 'node:crypto'
import { toHex } from '@dcml/protocol'
import { createSimulator } from '@dcml/tee-simulator'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { C14nCanonicalization, SignedXml } from 'xml-crypto'
import { Refusal } from '../x509/der.ts'
import { MAX_RIM_CHARACTERS, readRim } from './rim.ts'

const simulator = await createSimulator({ now: new Date('2026-11-21T12:00:00Z') })
const { gpu } = simulator.createTee({ imageH: new Uint8Array(32), gpus: 1 })
const [device] = await gpu!.evidence(new Uint8Array(32))
const rim = device!.rims[0]!

/** What another implementation canonicalises the document to, without its signature. */
function canonical(text: string): string {
  let content: string | undefined
  class Recorder {
    getAlgorithmName = () => 'http://www.w3.org/2001/04/xmldsig-more#sha384'
    getHash = (xml: string): string => {
      content = xml
      return ''
    }
  }
  class CanonicalXml11 extends C14nCanonicalization {
    override getAlgorithmName = () => 'http://www.w3.org/2006/12/xml-c14n11'
  }
  const reader = new SignedXml({ publicCert: '-' })
  reader.CanonicalizationAlgorithms['http://www.w3.org/2006/12/xml-c14n11'] = CanonicalXml11 as never
  reader.HashAlgorithms['http://www.w3.org/2001/04/xmldsig-more#sha384'] = Recorder as never
  reader.loadSignature(/<ds:Signature .*<\/ds:Signature>/s.exec(text)![0])
  expect(reader.checkSignature(text)).toBe(false) // its digest is not asked for
  return content!
}

test('reads what a manifest says', () => {
  const read = readRim(rim)
  expect(read).toMatchObject({ product: 'GH100', edition: 'GPU' })
  expect(read.active.size).toBeGreaterThan(0)
  expect(read.certificates).toHaveLength(4)
  expect(createHash('sha384').update(read.content).digest('hex')).toBe(toHex(read.digest))
})

test('the canonical form is that of xml-crypto, whatever the order of attributes and the space between elements', () => {
  const [before, signature] = rim.split('<ds:Signature ') as [string, string]
  fc.assert(
    fc.property(fc.infiniteStream(fc.nat(1000)), (dice) => {
      const roll = (sides: number): number => dice.next().value! % sides
      const bent = before.replaceAll(/<([\w:]+)((?: [\w:]+="[^"]*")+)(\/?)>\s*/g, (_, name, attributes, slash) => {
        const shuffled = [...(attributes as string).matchAll(/ [\w:]+="[^"]*"/g)].map(([attribute]) => attribute)
        for (let i = shuffled.length - 1; i > 0; i--) {
          const j = roll(i + 1)
          ;[shuffled[i], shuffled[j]] = [shuffled[j]!, shuffled[i]!]
        }
        return `<${name}${shuffled.join('')}${slash}>${'\n'.repeat(roll(3))}${' '.repeat(roll(5))}`
      })
      const text = `${bent}<ds:Signature ${signature}`
      expect(new TextDecoder().decode(readRim(text).content)).toBe(canonical(text))
    }),
    { numRuns: 8 },
  )
})

describe('refuses', () => {
  const replace = (from: string | RegExp, to: string) => (text: string) => text.replace(from, to)
  const cases: [string, (text: string) => string][] = [
    ['an XML declaration', (text) => `<?xml version="1.0"?>${text}`],
    ['a document type', (text) => `<!DOCTYPE x [<!ENTITY e "f">]>${text}`],
    ['a byte order mark', (text) => `\ufeff${text}`],
    ['a comment', replace('<ns0:Payload', '<!-- --><ns0:Payload')],
    ['a comment in a value', replace('name="GH100"', 'name="GH<!-- -->100"')],
    ['a processing instruction', replace('<ns0:Payload', '<?x y?><ns0:Payload')],
    ['CDATA', replace('<ns0:Payload', '<![CDATA[ ]]><ns0:Payload')],
    ['an entity', replace('product="GH100"', 'product="GH&#49;00"')],
    ['text between elements', replace('<ns0:Payload', 'x<ns0:Payload')],
    ['a tab between elements', replace('<ns0:Payload', '\t<ns0:Payload')],
    ['a carriage return', replace('\n', '\r\n')],
    ['a line end in a tag', replace(' product=', '\nproduct=')],
    ['a tab in a value', replace('name="GH100"', 'name="GH\t100"')],
    ['two spaces in a tag', replace(' product=', '  product=')],
    ['single quotes', replace('product="GH100"', "product='GH100'")],
    ['an attribute that is there twice', replace('product="GH100"', 'product="GH100" product="GH100"')],
    ['an attribute of xml', replace('product="GH100"', 'product="GH100" xml:space="preserve"')],
    ['an attribute of an unknown prefix', replace('product="GH100"', 'product="GH100" x:y="z"')],
    ['a prefix where it is not bound', replace('<ns0:Entity ', '<ns0:Entity ns1:a="b" ')],
    ['another binding', replace(/xmlns:ns2="[^"]*"/, 'xmlns:ns2="http://example.org"')],
    ['a binding that is missing', replace(/ xmlns:ns2="[^"]*"/, '')],
    ['a binding that NVIDIA does not make', replace('<ns0:Entity ', '<ns0:Entity xmlns:a="b" ')],
    ['a binding that is made again', replace('<ns0:Entity ', '<ns0:Entity xmlns:ns0="http://example.org" ')],
    ['an element of another name', replace('<ns0:Entity ', '<Entity ')],
    ['an element too many', replace('<ns0:Meta ', '<ns0:Entity name="x"/><ns0:Meta ')],
    ['an empty element in two tags', replace(/(<ns0:Entity [^>]*)\/>/, '$1></ns0:Entity>')],
    ['an element in an element', replace('</ns0:Payload>', '<ns0:Payload></ns0:Payload></ns0:Payload>')],
    ['a measurement after the payload', replace('</ns0:Payload>', '</ns0:Payload><ns0:Resource index="1"/>')],
    ['a measurement that is there twice', (text) => text.replace(/<ns0:Resource [^>]*\/>/, '$&$&')],
    ['a measurement that is neither active nor not', replace('active="True"', 'active="true"')],
    ['a measurement of another size', replace('size="48"', 'size="32"')],
    ['a measurement of another type', replace('type="Measurement"', 'type="File"')],
    ['an alternative that is not counted', replace('ns2:Hash0="', `ns2:Hash1="${'0'.repeat(96)}" ns2:Hash0="`)],
    ['an alternative with a gap before it', replace('ns2:Hash0=', 'ns2:Hash1=')],
    ['a short value', replace(/ns2:Hash0="../, 'ns2:Hash0="')],
    ['another edition', replace(/edition="\w+"/, 'edition="DPU"')],
    ['a second signature', (text) => text.replace(/<ds:Signature .*<\/ds:Signature>/s, '$&$&')],
    ['no signature', replace(/<ds:Signature .*<\/ds:Signature>/s, '')],
    [
      'a signature that stands first',
      (text) => {
        const [signature] = /<ds:Signature .*<\/ds:Signature>/s.exec(text)!
        return text.replace(signature, '').replace('<ns0:Entity', `${signature}<ns0:Entity`)
      },
    ],
    ['an object in the signature', replace('</ds:Signature>', '<ds:Object/></ds:Signature>')],
    ['a reference to a part', replace('URI=""', 'URI="#part"')],
    ['a reference that says nothing', replace(' URI=""', '')],
    ['two references', (text) => text.replace(/<ds:Reference .*<\/ds:Reference>/s, '$&$&')],
    [
      'another canonical form',
      replace('2006/12/xml-c14n11"/><ds:SignatureMethod', '2001/10/xml-exc-c14n#"/><ds:SignatureMethod'),
    ],
    ['another signature algorithm', replace('#ecdsa-sha384', '#ecdsa-sha256')],
    ['another digest', replace('xmldsig-more#sha384"', 'xmlenc#sha256"')],
    [
      'an XPath transform',
      replace(
        '</ds:Transforms>',
        '<ds:Transform Algorithm="http://www.w3.org/TR/1999/REC-xpath-19991116"/></ds:Transforms>',
      ),
    ],
    ['no enveloped-signature transform', replace(/<ds:Transform Algorithm="[^"]*enveloped-signature"\/>/, '')],
    ['a space in the digest', replace('<ds:DigestValue>', '<ds:DigestValue> ')],
    ['a short signature value', replace(/<ds:SignatureValue>..../, '<ds:SignatureValue>')],
    ['a certificate that is not base64', replace('<ds:X509Certificate>', '<ds:X509Certificate>=')],
    ['text after the end', (text) => `${text}x`],
    ['a second document', (text) => text + text],
    ['an end that is missing', replace('</SoftwareIdentity>', '')],
  ]
  test.each(cases)('%s', (_, bend) => {
    const bent = bend(rim)
    expect(bent).not.toBe(rim)
    expect(() => readRim(bent)).toThrow(Refusal)
  })

  test('a long text before reading it', () => {
    expect(() => readRim(rim.padEnd(MAX_RIM_CHARACTERS + 1, '\n'))).toThrow(`above ${MAX_RIM_CHARACTERS} characters`)
  })

  test('any text, with a reason', () => {
    const piece = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 12 }),
      fc.constantFrom('<', '>', '"', '/>', '&', ' ', '\n', '<ns0:Resource', '</ns0:Payload>', '<!--', 'xmlns:ns0=""'),
    )
    fc.assert(
      fc.property(fc.nat(rim.length), piece, fc.nat(40), (at, insert, cut) => {
        const bent = rim.slice(0, at) + insert + rim.slice(at + cut)
        try {
          readRim(bent)
        } catch (error) {
          expect(error).toBeInstanceOf(Refusal)
        }
      }),
      { numRuns: Number(process.env.DCML_FUZZ ?? 500) },
    )
  })
})
