type Signatures = typeof import('../src/x509/signature.ts')

/**
 * `x509/signature.ts` with a memory, for `vi.mock`: thousands of vectors that differ in one byte share most of their
 * signatures, and each is verified once. Without WebCrypto nothing is remembered.
 */
export function remembered(real: Signatures): Signatures {
  const verdicts = new Map<string, Promise<boolean>>()
  const text = (bytes: Uint8Array) => Buffer.from(bytes).toString('latin1')
  return {
    ...real,
    async signatureVerifier() {
      const verify = await real.signatureVerifier()
      if (!globalThis.crypto) return verify
      return (key, data, signature, scheme = key.kind) => {
        const id = [key.kind, scheme, ...[key.bytes, data, signature].map(text)].join()
        const verdict = verdicts.get(id) ?? verify(key, data, signature, scheme)
        verdicts.set(id, verdict)
        return verdict
      }
    },
  }
}
