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
import { sgxExtension } from '../sgx-extension.ts'
import { type Attack, attack } from './forge.ts'

const replaceExtension = (certificate: CertificateTemplate, extension: Extension): void => {
  certificate.extensions = certificate.extensions.map((old) => (old.oid === extension.oid ? extension : old))
}
const dropExtension = (certificate: CertificateTemplate, oid: string): void => {
  certificate.extensions = certificate.extensions.filter((extension) => extension.oid !== oid)
}
/** A critical extension nobody knows. */
const unknown: Extension = { oid: '1.3.6.1.4.1.58888.1.99', critical: true, value: der.utf8String('?') }

/** Chains that lead nowhere, break a rule of RFC 5280, or give a certificate a role it does not have. */
export const certificateAttacks: readonly Attack[] = [
  attack('a whole PKI of a stranger', 'root', {
    plan: (plan, stranger) => Object.assign(plan, stranger),
  }),
  attack('root of the same name with another key', 'root', {
    plan: (plan, { root }) => {
      Object.assign(plan.root, { key: root.key, signer: root.key, extensions: root.extensions })
      for (const below of [plan.intermediate, plan.tcbSigner, plan.rootCrl]) below.signer = root.key
    },
  }),
  attack('root without the DEVELOPMENT marker', 'environment', {
    plan: ({ root }) => dropExtension(root, OID.development),
    ownRoot: true,
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
      const extensions = plan.pck.extensions
      const key = plan.qeReportSigner
      const evil = issueCertificate({ ...plan.pck, key, issuer: plan.pck.subject, signer: plan.pck.key, extensions })
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
    ownRoot: true,
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
  attack('root expired', 'root', {
    plan: ({ root, rootCrl }) => {
      root.notAfter = rootCrl.thisUpdate
    },
    ownRoot: true,
  }),
  attack('TCB signer expired', 'tcb_signer_chain', {
    plan: ({ tcbSigner, rootCrl }) => {
      tcbSigner.notAfter = rootCrl.thisUpdate
    },
  }),
  attack('critical extension nobody knows in the PCK', 'pck_chain', {
    plan: ({ pck }) => void pck.extensions.push(unknown),
  }),
  attack('basicConstraints twice in the intermediate CA', 'pck_chain', {
    plan: ({ intermediate }) => void intermediate.extensions.push(basicConstraints(true, 7)),
  }),
  attack('boolean in BER, not DER, in the intermediate CA', 'pck_chain', {
    plan: ({ intermediate }) =>
      replaceExtension(intermediate, {
        oid: OID.basicConstraints,
        critical: true,
        value: der.sequence(der.tlv(0x01, Uint8Array.of(1)), der.integer(0)),
      }),
  }),
  attack('PCK chain without a certificate', 'pck_chain', { chain: () => 'no certificate here' }),
  attack('PCK chain of the leaf alone', 'pck_chain', { chain: ({ pck }) => pemChain(pck) }),
  attack('PCK chain in the wrong order', 'pck_chain', {
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
  attack('SGX extension with a short FMSPC', 'pck_extension', {
    plan: ({ pck, platform }) =>
      replaceExtension(pck, sgxExtension({ ...platform, fmspc: platform.fmspc.slice(0, 5) })),
  }),
]
