import { toHex, utf8 } from '@dcml/protocol'
import { expect, test } from 'vitest'
import { imageH, parseImageManifest } from './manifest.ts'

const example = {
  v: 1,
  name: 'chat',
  image: `sha256:${'0f'.repeat(32)}`,
  command: ['dcml', 'runtime', 'serve'],
  env: { LANG: 'C', GREETING: 'line "one"\nline two' },
  models: ['aa'.repeat(32)],
  network: { networkId: 'mainnet', contract: 'model.near' },
}
const text = JSON.stringify(example)
const refused = expect.objectContaining({ code: 'manifest_malformed' })

test('a manifest is read in any layout, and its name covers the layout', () => {
  const pretty = utf8(JSON.stringify(example, null, 2))
  expect(parseImageManifest(pretty)).toEqual(example)
  expect(parseImageManifest(utf8(text))).toEqual(example)
  expect(imageH(pretty)).not.toEqual(imageH(utf8(text)))
  expect(toHex(imageH(utf8('abc')))).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad')
})

test('a workload that is paid names where its light client starts', () => {
  const paid = { ...example, trustRoot: '{"format":"dcml-near-trust-root"}' }
  expect(parseImageManifest(utf8(JSON.stringify(paid)))).toEqual(paid)
})

test.each([
  ['a doubled member, of which two readers would take different ones', text.replace('"v"', '"command":["sh"],"v"')],
  ['a doubled environment name', text.replace('"LANG":"C"', '"LANG":"C","LANG":"D"')],
  ['a needless escape, which hides a name from a search', text.replace('chat', 'ch\\u0061t')],
  ['an unknown member', text.replace('"v"', '"mounts":[],"v"')],
  ['a name that our schema would skip and a shell would not', text.replace('"LANG"', '"__proto__"')],
  ['an image by tag', text.replace(/sha256:\w+/, 'latest')],
  ['an environment name that a shell would run', text.replace('LANG', 'A;B')],
  ['no models', text.replace(`["${'aa'.repeat(32)}"]`, '[]')],
  ['upper-case hex', text.replaceAll('aa', 'AA')],
  ['another version', text.replace('"v":1', '"v":2')],
  ['a trust root for any model', JSON.stringify({ ...example, trustRoot: '{}', models: 'any' })],
  ['a trust root without a contract', JSON.stringify({ ...example, trustRoot: '{}', network: undefined })],
  ['a line after its end', `${text}\n{}`],
  ['a comment', `/* */${text}`],
  ['bytes that are no UTF-8', `${text.slice(0, 20)}\u{d800}`],
  ['too many bytes', text.padEnd(65_537)],
])('a manifest with %s is refused', (_, bent) => {
  expect(bent).not.toBe(text)
  expect(() => parseImageManifest(utf8(bent))).toThrow(refused)
})
