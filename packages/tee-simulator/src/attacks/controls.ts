import { concatBytes, fromHex, toHex } from '@dcml/protocol'
import { p256 } from '@noble/curves/nist.js'
import { type Attack, type Forgery, forge } from './forge.ts'

/** Honest evidence of a rare form, which a verifier that is merely strict would refuse. */
export type Control = Omit<Attack, 'targets' | 'also'>

const control = (name: string, forgery: Forgery): Control => ({ name, mint: (simulator) => forge(simulator, forgery) })

/** s and n - s sign the same message: Intel's signers produce both. */
function otherSignature(signature: string): string {
  const { r, s } = p256.Signature.fromHex(signature)
  return toHex(new p256.Signature(r, p256.Point.Fn.neg(s)).toBytes('compact'))
}

/** Evidence that must be accepted. */
export const controls: readonly Control[] = [
  control('honest evidence', {}),
  control('bytes behind the end of the quote, which nothing signs', {
    quote: (quote) => concatBytes(quote, new Uint8Array(39).fill(0xa5)),
  }),
  // PCS v4: the minor version of a module with its own identity is no matter of the platform's level
  control('new TDX module whose minor version is below the platform level', {
    plan: ({ td }) => void td.teeTcbSvn.set([3, 3]),
  }),
  control('TDX 1.0 module at the platform level', {
    plan: ({ td }) => void td.teeTcbSvn.set([5, 0]),
  }),
  ...[0, 20, 1000].map((length) =>
    control(`${length} bytes of authentication data`, {
      plan: (plan) => {
        plan.authData = new Uint8Array(length).fill(1)
      },
    }),
  ),
  control('CRLs that revoke others', {
    plan: ({ rootCrl, pckCrl }) => {
      rootCrl.revoked = [fromHex('11223344')]
      pckCrl.revoked = Array.from({ length: 57 }, (_, i) => Uint8Array.of(i + 1, 0, 0))
    },
  }),
  control('the other one of two valid signatures', {
    collateral: (honest) => ({
      tcb_info_signature: otherSignature(honest.tcb_info_signature),
      qe_identity_signature: otherSignature(honest.qe_identity_signature),
    }),
    quote: (quote) => {
      const copy = quote.slice()
      copy.set(fromHex(otherSignature(toHex(quote.slice(636, 700)))), 636)
      return copy
    },
  }),
  control('TD 1.5 report in a quote of version 5', {
    plan: ({ td }) => {
      td.mrServiceTd = new Uint8Array(48)
    },
  }),
  control('TD 1.0 report in a quote of version 5', {
    plan: ({ header }) => {
      header.version = 5
    },
  }),
  control('TDX module updated under the TD, both good', {
    plan: ({ td }) => {
      td.teeTcbSvn2 = td.teeTcbSvn.with(0, 7)
    },
  }),
  control('TDX module updated under the TD to one that Intel does not list yet, that of its launch being good', {
    plan: ({ td }) => {
      td.teeTcbSvn2 = td.teeTcbSvn.with(1, 9)
    },
  }),
  control('bytes behind the end of a quote of version 5', {
    plan: ({ td }) => {
      td.mrServiceTd = new Uint8Array(48)
    },
    quote: (quote) => concatBytes(quote, new Uint8Array(70)),
  }),
  control('owner fields and supervisor features set', {
    plan: ({ td }) => {
      td.mrOwner = new Uint8Array(48).fill(1)
      td.mrOwnerConfig = new Uint8Array(48).fill(2)
      td.tdAttributes[3]! |= 0x40
    },
  }),
]
