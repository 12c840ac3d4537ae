/** An XML element that can be written in two spellings. */
export interface XmlElement {
  /** As NVIDIA writes it. @param last text behind the children */
  write(last?: string): string
  /** Canonical XML 1.1. @param inherited namespaces by prefix that are in scope where it stands, to be repeated at its top */
  canonical(inherited?: Names): string
}

type Names = Readonly<Record<string, string>>

/** Names and values must need no escaping; text must contain no carriage return. */
export function element(
  tag: string,
  { namespaces = {}, attributes = {} }: { readonly namespaces?: Names; readonly attributes?: Names },
  children: readonly (XmlElement | string)[] = [],
): XmlElement {
  const inside = (spell: (child: XmlElement) => string): string =>
    children.map((child) => (typeof child === 'string' ? child : spell(child))).join('')
  return {
    write(last = '') {
      const open = `<${tag}${declare(namespaces)}${spell(Object.entries(attributes))}`
      const content = inside((child) => child.write()) + last
      return content === '' ? `${open}/>` : `${open}>${content}</${tag}>`
    },
    canonical(inherited = {}) {
      const declared = Object.fromEntries(
        Object.entries({ ...inherited, ...namespaces }).sort(([a], [b]) => compare(a, b)),
      )
      return `<${tag}${declare(declared)}${spell(canonicalOrder(attributes))}>${inside((child) => child.canonical())}</${tag}>`
    },
  }
}

/** Base64 in lines of 64, the last one ended too. */
export const lines = (text: string): string => text.replace(/.{1,64}/g, '$&\n')

const spell = (pairs: readonly (readonly [string, string])[]): string =>
  pairs.map(([name, value]) => ` ${name}="${value}"`).join('')

const declare = (namespaces: Names): string =>
  spell(Object.entries(namespaces).map(([prefix, uri]) => [prefix === '' ? 'xmlns' : `xmlns:${prefix}`, uri]))

/** Attributes without a namespace come first, then each namespace's own; here none has two (C14N 1.1 §2.2). */
const canonicalOrder = (attributes: Names): [string, string][] =>
  Object.entries(attributes).sort(([a], [b]) => Number(a.includes(':')) - Number(b.includes(':')) || compare(a, b))

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)
