import { toHex, utf8 } from '@dcml/protocol'
import type { Blueprint } from '../blueprint.ts'
import {
  basicConstraints,
  type CertificateTemplate,
  type Extension,
  issueCertificate,
  keyUsage,
  OID,
} from '../certificate.ts'
import * as der from '../der.ts'
import { pemChain } from '../issue.ts'
import { deriveKey, signRaw } from '../keys.ts'
import { sgxExtension } from '../sgx-extension.ts'
import { type Attack, attack, ownRoot } from './forge.ts'

const replaceExtension = (certificate: CertificateTemplate, extension: Extension): void => {
  certificate.extensions = certificate.extensions.map((old) => (old.oid === extension.oid ? extension : old))
}
const dropExtension = (certificate: CertificateTemplate, oid: string): void => {
  certificate.extensions = certificate.extensions.filter((extension) => extension.oid !== oid)
}
const expired = (certificate: CertificateTemplate, { rootCrl }: Blueprint): Uint8Array =>
  issueCertificate({ ...certificate, notAfter: rootCrl.thisUpdate })

/** Another certificate of the root's key. */
const reissued = ({ root }: Blueprint): Uint8Array => issueCertificate({ ...root, serial: Uint8Array.of(2) })

/** A critical extension nobody knows. */
const unknown: Extension = { oid: '1.3.6.1.4.1.58888.1.99', critical: true, value: der.utf8String('?') }

/** Chains that lead nowhere, break a rule of RFC 5280, or give a certificate a role it does not have. */
export const certificateAttacks: readonly Attack[] = [
  attack('a whole PKI of a stranger', 'root_pinned', {
    plan: (plan, stranger) => Object.assign(plan, stranger),
  }),
  attack('root of the same name with another key', 'root_pinned', {
    plan: (plan, { root }) => {
      Object.assign(plan.root, { key: root.key, signer: root.key, extensions: root.extensions })
      for (const below of [plan.intermediate, plan.tcbSigner, plan.rootCrl]) below.signer = root.key
    },
  }),
  attack('root without the DEVELOPMENT marker', 'environment', {
    plan: ({ root }) => dropExtension(root, OID.development),
    roots: ownRoot,
  }),
  attack('chains that end in two roots, both trusted', 'root_pinned', {
    chain: ({ pck, intermediate }, plan) => pemChain(pck, intermediate, reissued(plan)),
    roots: ({ root }, plan) => [root, reissued(plan)],
  }),
  attack('PCK signed by a stranger', 'pck_chain', {
    plan: (plan, stranger) => {
      plan.pck.signer = stranger.intermediate.key
    },
  }),
  attack('intermediate CA signed by a stranger', 'pck_chain', {
    plan: (plan, stranger) => {
      plan.intermediate.signer = stranger.root.key
    },
  }),
  attack('PCK names another issuer', 'pck_chain', {
    plan: ({ pck }) => {
      pck.issuer = 'DEVELOPMENT SGX PCK Processor CA'
    },
  }),
  attack('intermediate CA names another issuer', 'pck_chain', {
    plan: ({ intermediate }) => {
      intermediate.issuer = 'DEVELOPMENT Root CA'
    },
  }),
  attack('PCK issued by another PCK', 'pck_chain', {
    plan: (plan, stranger) => {
      plan.qeReportSigner = stranger.pck.key
    },
    chain: ({ pck, intermediate, root }, plan) => {
      const { subject: issuer, key: signer } = plan.pck
      const evil = issueCertificate({ ...plan.pck, issuer, signer, key: plan.qeReportSigner })
      return pemChain(evil, pck, intermediate, root)
    },
  }),
  attack('intermediate certificate is no CA', 'pck_chain', {
    plan: ({ intermediate }) => replaceExtension(intermediate, basicConstraints(false)),
  }),
  attack('intermediate CA without basicConstraints', 'pck_chain', {
    plan: ({ intermediate }) => dropExtension(intermediate, OID.basicConstraints),
  }),
  attack('PCK is a CA', 'pck_chain', {
    plan: ({ pck }) => replaceExtension(pck, basicConstraints(true, 0)),
  }),
  attack('root allows no intermediate CA (pathLen 0)', 'pck_chain', {
    plan: ({ root }) => replaceExtension(root, basicConstraints(true, 0)),
    roots: ownRoot,
  }),
  attack('intermediate CA may not sign certificates (keyUsage)', 'pck_chain', {
    plan: ({ intermediate }) => replaceExtension(intermediate, keyUsage('signData')),
  }),
  attack('PCK may not sign data (keyUsage)', 'pck_chain', {
    plan: ({ pck }) => replaceExtension(pck, keyUsage('signCertificates')),
  }),
  attack('PCK expired', 'pck_chain', {
    plan: ({ pck, rootCrl }) => {
      pck.notAfter = rootCrl.thisUpdate
    },
  }),
  attack('PCK not yet valid', 'pck_chain', {
    plan: ({ pck, rootCrl }) => {
      pck.notBefore = rootCrl.nextUpdate
    },
  }),
  attack('intermediate CA expired', 'pck_chain', {
    plan: ({ intermediate, rootCrl }) => {
      intermediate.notAfter = rootCrl.thisUpdate
    },
  }),
  attack(
    'root expired',
    'pck_chain',
    {
      plan: ({ root, rootCrl }) => {
        root.notAfter = rootCrl.thisUpdate
      },
      roots: ownRoot,
    },
    ['tcb_info_chain', 'qe_identity_chain'],
  ),
  attack('TCB info of an expired signer', 'tcb_info_chain', {
    collateral: (_, { root }, plan) => ({ tcb_info_issuer_chain: pemChain(expired(plan.tcbSigner, plan), root) }),
  }),
  attack('QE identity of an expired signer', 'qe_identity_chain', {
    collateral: (_, { root }, plan) => ({ qe_identity_issuer_chain: pemChain(expired(plan.tcbSigner, plan), root) }),
  }),
  attack('TCB info signed below a PCK CA', 'tcb_info_chain', {
    collateral: (honest, { pck, intermediate, root }, plan) => ({
      tcb_info_issuer_chain: pemChain(pck, intermediate, root),
      tcb_info_signature: toHex(signRaw(plan.pck.key, utf8(honest.tcb_info))),
    }),
  }),
  attack('QE identity signed below a PCK CA', 'qe_identity_chain', {
    collateral: (honest, { pck, intermediate, root }, plan) => ({
      qe_identity_issuer_chain: pemChain(pck, intermediate, root),
      qe_identity_signature: toHex(signRaw(plan.pck.key, utf8(honest.qe_identity))),
    }),
  }),
  attack('TCB info signed by the PCK CA', 'tcb_info_chain', {
    collateral: (honest, { intermediate, root }, plan) => ({
      tcb_info_issuer_chain: pemChain(intermediate, root),
      tcb_info_signature: toHex(signRaw(plan.intermediate.key, utf8(honest.tcb_info))),
    }),
  }),
  attack('TCB info signed by a stranger below the same root name', 'tcb_info_chain', {
    collateral: (honest, { root }, plan) => {
      const stranger = deriveKey(plan.authData, 'stranger')
      return {
        tcb_info_issuer_chain: pemChain(issueCertificate({ ...plan.tcbSigner, key: stranger, signer: stranger }), root),
        tcb_info_signature: toHex(signRaw(stranger, utf8(honest.tcb_info))),
      }
    },
  }),
  attack('PCK CRL of another CA of the same name', 'pck_crl_chain', {
    plan: (plan, stranger) => {
      plan.pckCrl.signer = stranger.intermediate.key
    },
    collateral: (_, { root }, plan) => ({
      pck_crl_issuer_chain: pemChain(issueCertificate({ ...plan.intermediate, key: plan.pckCrl.signer }), root),
    }),
  }),
  attack('PCK CRL issuer expired', 'pck_crl_chain', {
    collateral: (_, { root }, plan) => ({ pck_crl_issuer_chain: pemChain(expired(plan.intermediate, plan), root) }),
  }),
  attack('critical extension nobody knows in the PCK', 'pck_chain', {
    plan: ({ pck }) => void pck.extensions.push(unknown),
  }),
  attack('PCK chain of the leaf alone', 'root_pinned', { chain: ({ pck }) => pemChain(pck) }),
  attack('PCK chain in the wrong order', 'root_pinned', {
    chain: ({ root, intermediate, pck }) => pemChain(root, intermediate, pck),
  }),
  attack('SGX extension twice', 'pck_extension', {
    plan: ({ pck, platform }) => {
      const better = sgxExtension({ ...platform, cpuSvn: platform.cpuSvn.map(() => 99) })
      pck.extensions.push(better)
    },
  }),
  attack('no SGX extension', 'pck_extension', { plan: ({ pck }) => dropExtension(pck, OID.sgx) }),
  attack('SGX extension without FMSPC', 'pck_extension', {
    plan: ({ pck }) =>
      replaceExtension(pck, {
        oid: OID.sgx,
        value: der.sequence(der.sequence(der.oid(`${OID.sgx}.1`), der.octetString(new Uint8Array(16)))),
      }),
  }),
  attack('FMSPC twice inside the SGX extension', 'pck_extension', {
    plan: ({ pck, platform }) => {
      const fmspc = der.sequence(der.oid(`${OID.sgx}.4`), der.octetString(platform.fmspc))
      const { value } = sgxExtension(platform)
      // 4 bytes of tag and length stand before the fields
      replaceExtension(pck, { oid: OID.sgx, value: der.sequence(value.subarray(4), fmspc) })
    },
  }),
  attack('SVN above 255 in the SGX extension', 'pck_extension', {
    plan: ({ pck, platform }) => replaceExtension(pck, sgxExtension({ ...platform, cpuSvn: Array(16).fill(256) })),
  }),
  attack('SGX extension with a short FMSPC', 'pck_extension', {
    plan: ({ pck, platform }) =>
      replaceExtension(pck, sgxExtension({ ...platform, fmspc: platform.fmspc.slice(0, 5) })),
  }),
]
