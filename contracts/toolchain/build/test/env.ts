/** The engine's strict codecs, for schemas that run in Node. */
const strict = (encoding: 'hex' | 'base64') => (spelt: string) => {
  const bytes = Buffer.from(spelt, encoding)
  if (bytes.toString(encoding) !== spelt) throw new Error(`not ${encoding}`)
  return new Uint8Array(bytes)
}

Object.assign(globalThis, {
  env: {
    hex_to_bytes: strict('hex'),
    base64_to_bytes: strict('base64'),
    bytes_to_hex: (bytes: Uint8Array) => Buffer.from(bytes).toString('hex'),
    bytes_to_base64: (bytes: Uint8Array) => Buffer.from(bytes).toString('base64'),
  },
})
