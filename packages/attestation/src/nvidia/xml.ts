// The little of XML that NVIDIA's manifests use. Whatever could make two readers differ has no place in it: no document
// type, comment, processing instruction, entity, CDATA or text, no quote but ", no prefix that is bound elsewhere.
import { Refusal } from '../x509/der.ts'

/** Elements by the names that NVIDIA writes, and the prefixes each of them binds. */
const BINDINGS: Readonly<Record<string, readonly string[]>> = {
  SoftwareIdentity: ['', 'ns0', 'ns2'],
  'ns0:Entity': [],
  'ns0:Meta': ['ns1'],
  'ns0:Payload': ['SHA384'],
  'ns0:Resource': [],
}

const SWID = 'http://standards.iso.org/iso/19770/-2/2015/schema.xsd'
const XMLENC_SHA384 = 'http://www.w3.org/2001/04/xmlenc#sha384'

/** Every prefix has one meaning, in every manifest. */
export const NAMESPACES: Readonly<Record<string, string>> = {
  '': SWID,
  ns0: SWID,
  ns1: 'https://trustedcomputinggroup.org/resource/tcg-reference-integrity-manifest-rim-information-model/',
  ns2: XMLENC_SHA384,
  SHA384: XMLENC_SHA384,
}

/** A start tag. */
export interface Tag {
  readonly attributes: ReadonlyMap<string, string>
  /** As Canonical XML 1.1 writes it, with the end tag where the element is empty. */
  readonly canonical: string
}

/** Reads a text in one pass, left to right, and refuses what is not expected next. */
export class XmlReader {
  readonly #text: string
  #at = 0

  constructor(text: string) {
    this.#text = text
  }

  get done(): boolean {
    return this.#at === this.#text.length
  }

  /** Whether this text is next. */
  peek(literal: string): boolean {
    return this.#text.startsWith(literal, this.#at)
  }

  /** Exactly this text. */
  literal(literal: string): string {
    if (!this.peek(literal)) throw new Refusal(`RIM: expected ${literal.slice(0, 60)}`)
    this.#at += literal.length
    return literal
  }

  /** Spaces and line ends between elements, which canonical form keeps. */
  space(): string {
    return this.match(/[ \n]*/y)
  }

  /** What a sticky pattern matches. */
  match(pattern: RegExp): string {
    pattern.lastIndex = this.#at
    const [found] = pattern.exec(this.#text) ?? []
    if (found === undefined) throw new Refusal(`RIM: unexpected text at ${this.#at}`)
    this.#at += found.length
    return found
  }

  /** A start tag, which ends with `/>` where the element is to be empty. */
  tag(name: keyof typeof BINDINGS & string, { empty }: { empty: boolean }): Tag {
    this.literal(`<${name}`)
    const attributes = new Map<string, string>()
    while (this.peek(' ')) {
      const attribute = this.match(/ [A-Za-z][A-Za-z0-9]*(:[A-Za-z][A-Za-z0-9]*)?="[ !#-%'-;=?-~]*"/y)
      const equals = attribute.indexOf('=')
      const key = attribute.slice(1, equals)
      if (attributes.has(key)) throw new Refusal(`RIM: attribute ${key} is there twice`)
      attributes.set(key, attribute.slice(equals + 2, -1))
    }
    this.literal(empty ? '/>' : '>')
    const canonical = `<${name}${canonicalAttributes(name, attributes)}>`
    return { attributes, canonical: empty ? `${canonical}</${name}>` : canonical }
  }
}

/** Namespace declarations by prefix, then attributes by namespace and local name (Canonical XML 1.1 §2.2, §2.3). */
function canonicalAttributes(element: string, attributes: ReadonlyMap<string, string>): string {
  const bound = BINDINGS[element]!
  const declarations = bound.map((prefix) => (prefix === '' ? 'xmlns' : `xmlns:${prefix}`))
  for (const [i, declaration] of declarations.entries())
    if (attributes.get(declaration) !== NAMESPACES[bound[i]!])
      throw new Refusal(`RIM: ${element} does not bind ${declaration} as NVIDIA does`)
  const others = [...attributes.keys()]
    .filter((name) => !declarations.includes(name))
    .map((name) => {
      const [local = '', prefix] = name.split(':').reverse()
      if (name.startsWith('xmlns') || (prefix !== undefined && !inScope(element, prefix)))
        throw new Refusal(`RIM: attribute ${name} has no place in ${element}`)
      return { name, order: `${prefix === undefined ? '' : NAMESPACES[prefix]!}\n${local}` }
    })
    .sort((a, b) => (a.order < b.order ? -1 : 1))
  return [...declarations, ...others.map(({ name }) => name)]
    .map((name) => ` ${name}="${attributes.get(name)}"`)
    .join('')
}

const inScope = (element: string, prefix: string): boolean =>
  prefix !== '' && (BINDINGS.SoftwareIdentity!.includes(prefix) || BINDINGS[element]!.includes(prefix))
