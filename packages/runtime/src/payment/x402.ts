// A 402 that an x402 client understands (x402 specification, versions 1 and 2): what is asked, where, and in what. How to
// pay is a scheme of our own, so a client pays only where it knows payment channels.
import type { Chain, DcmlError } from '@dcml/protocol'

const SCHEME = 'dcml-channel'
/** NEAR by its SLIP-44 number, as CAIP-19 names native assets; amounts are yoctoNEAR. */
const ASSET = 'slip44:397'

export interface X402Context {
  readonly chain: Chain
  /** URL that was asked for. */
  readonly resource: string
  /** How long a stream waits for its voucher, in ms. */
  readonly paymentMs: number
}

/** Members for the body (version 1), and the value of the header `payment-required` (version 2). */
export function x402(error: DcmlError, { chain, resource, paymentMs }: X402Context) {
  const { required, authorised } = error.details
  // what is missing to the next voucher; without a channel nothing can be named, for its opening fixes the prices
  const missing = required === undefined ? 0n : BigInt(required as string) - BigInt(authorised as string)
  // none, where enough is authorised on the channel and too little allowed for this request
  const amount = String(missing > 0n ? missing : 0n)
  const accepted = {
    scheme: SCHEME,
    network: `near:${chain.networkId}`,
    asset: ASSET,
    payTo: chain.contract,
    maxTimeoutSeconds: Math.max(1, Math.trunc(paymentMs / 1000)),
    extra: { ...error.details, challenge: '/dcml/v1/get-challenge', header: 'dcml-voucher' },
  }
  const [description, mimeType] = [error.hint, 'application/json']
  const second = {
    x402Version: 2,
    error: error.message,
    resource: { url: resource, description, mimeType },
    accepts: [{ ...accepted, amount }],
  }
  return {
    body: { x402Version: 1, accepts: [{ ...accepted, maxAmountRequired: amount, resource, description, mimeType }] },
    header: Buffer.from(JSON.stringify(second)).toString('base64'),
  }
}
