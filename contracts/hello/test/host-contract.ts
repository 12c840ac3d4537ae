import {
  accountId,
  base64,
  base64ToBytes,
  blockHeight,
  bytesToBase64,
  bytesToHex,
  call,
  callback,
  chainId,
  ed25519Verify,
  events,
  flag,
  hex,
  hexToBytes,
  keccak256,
  NearBindgen,
  nothing,
  type Outcome,
  optional,
  p256Verify,
  promise,
  randomSeed,
  resume,
  resumeAs,
  sha256,
  suspend,
  suspendAs,
  text,
  tgas,
  u64,
  u128,
  view,
} from '@dcml/contract-build/contract'

const emit = events('host', '1.0.0', { woken: { said: text(40) }, paid: { first: text(9), second: text(9) } })
const bytes = base64(2048)

/** Calls what near-sdk-js cannot, for the test beside it. */
@NearBindgen({ state: { waits: optional(hex(32)) } })
export class Host {
  waits: Uint8Array | null = null

  @view({ args: { signature: base64(64), message: bytes, key: hex(32) }, returns: flag })
  ed25519({ signature, message, key }: { signature: Uint8Array; message: Uint8Array; key: Uint8Array }): boolean {
    return ed25519Verify(signature, message, key)
  }

  @view({ args: { signature: base64(64), digest: hex(32), key: base64(33) }, returns: flag })
  p256({ signature, digest, key }: { signature: Uint8Array; digest: Uint8Array; key: Uint8Array }): boolean {
    return p256Verify(signature, digest, key)
  }

  @view({ args: { message: bytes }, returns: text(300) })
  facts({ message }: { message: Uint8Array }): string {
    return [chainId(), bytesToHex(sha256(message)), bytesToHex(keccak256(message)), randomSeed().length].join(' ')
  }

  @view({ args: { message: bytes }, returns: flag })
  codecs({ message }: { message: Uint8Array }): boolean {
    return bytesToHex(hexToBytes(bytesToHex(base64ToBytes(bytesToBase64(message))))) === bytesToHex(message)
  }

  @view({ returns: u64 })
  height(): bigint {
    return blockHeight()
  }

  @call({ args: { gas: u64 } })
  wait({ gas }: { gas: bigint }): void {
    this.waits = suspend(this.woken, {}, gas).dataId
  }

  @call({ args: { payload: text(40) }, returns: flag })
  wake({ payload }: { payload: string }): boolean {
    return this.waits !== null && resume(this.waits, JSON.stringify(payload))
  }

  @call({ args: { id: hex(32) }, returns: flag })
  wait_as({ id }: { id: Uint8Array }): boolean {
    return suspendAs(id, this.woken, {}, tgas(10)) !== null
  }

  @call({ args: { id: hex(32), payload: text(40) }, returns: flag })
  wake_as({ id, payload }: { id: Uint8Array; payload: string }): boolean {
    return resumeAs(id, JSON.stringify(payload))
  }

  @callback({ results: [text(40)] })
  woken(_: object, payload: Outcome<string>): void {
    emit('woken', { said: payload.ok ? payload.value : payload.why })
  }

  /** Pays two accounts, then looks at both outcomes at once. */
  @call({ args: { first: accountId, second: accountId, amount: u128 } })
  pay({ first, second, amount }: { first: string; second: string; amount: bigint }): void {
    const both = promise(first).transfer(amount).and(promise(second).transfer(amount))
    both.then(this.paid, {}, { gas: tgas(10) })
  }

  @callback({ results: [nothing, nothing] })
  paid(_: object, first: Outcome<undefined>, second: Outcome<undefined>): void {
    const said = (outcome: Outcome<undefined>) => (outcome.ok ? 'ok' : outcome.why)
    emit('paid', { first: said(first), second: said(second) })
  }
}
