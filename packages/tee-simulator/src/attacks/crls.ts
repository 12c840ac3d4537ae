import { toHex } from '@dcml/protocol'
import type { Blueprint } from '../blueprint.ts'
import { issueCertificate, keyUsage, OID } from '../certificate.ts'
import * as der from '../der.ts'
import { pemChain } from '../issue.ts'
import { type Attack, attack, ownRoot } from './forge.ts'

/** The TCB signer's next certificate. */
const successor = ({ tcbSigner }: Blueprint): Uint8Array => issueCertificate({ ...tcbSigner, serial: Uint8Array.of(2) })

/** Revocation lists that are missing, damaged, someone else's, out of their window or partial; revoked certificates. */
export const crlAttacks: readonly Attack[] = [
  attack('root CRL missing', 'root_crl_format', { collateral: () => ({ root_ca_crl: '' }) }),
  attack('PCK CRL missing', 'pck_crl_format', { collateral: () => ({ pck_crl: '' }) }),
  attack('root CRL garbage', 'root_crl_format', { collateral: () => ({ root_ca_crl: 'de'.repeat(300) }) }),
  attack('PCK CRL garbage', 'pck_crl_format', { collateral: () => ({ pck_crl: 'de'.repeat(300) }) }),
  attack('PCK CRL not hex', 'collateral_format', {
    collateral: (honest) => ({ pck_crl: `${honest.pck_crl.slice(0, -2)}zz` }),
  }),
  attack('root CRL signed by a stranger', 'root_crl_signature', {
    plan: (plan, stranger) => {
      plan.rootCrl.signer = stranger.root.key
    },
  }),
  attack('PCK CRL signed by a stranger', 'pck_crl_signature', {
    plan: (plan, stranger) => {
      plan.pckCrl.signer = stranger.intermediate.key
    },
  }),
  attack('PCK CRL signed by a PCK', 'pck_crl_signature', {
    plan: (plan) => {
      plan.pckCrl.signer = plan.pck.key
    },
  }),
  attack('revoked serial replaced in a signed PCK CRL', 'pck_crl_signature', {
    plan: (plan) => {
      plan.pckCrl.revoked = [plan.pck.serial]
    },
    collateral: (honest, _, plan) => {
      const another = plan.pck.serial.map((byte, i) => (i === 15 ? byte ^ 1 : byte))
      return { pck_crl: honest.pck_crl.replace(toHex(plan.pck.serial), toHex(another)) }
    },
  }),
  attack('PCK CRL in place of the root CRL', 'root_crl_issuer', {
    collateral: (honest) => ({ root_ca_crl: honest.pck_crl }),
  }),
  attack('PCK CRL of another issuer name', 'pck_crl_issuer', {
    plan: (plan) => {
      plan.pckCrl.issuer = 'DEVELOPMENT SGX PCK Processor CA'
    },
  }),
  attack('root CRL expired', 'root_crl_window', {
    plan: (plan) => {
      plan.rootCrl.nextUpdate = plan.rootCrl.thisUpdate
    },
  }),
  attack('PCK CRL expired', 'pck_crl_window', {
    plan: (plan) => {
      plan.pckCrl.nextUpdate = plan.pckCrl.thisUpdate
    },
  }),
  attack('root CRL from the future', 'root_crl_window', {
    plan: (plan) => {
      plan.rootCrl.thisUpdate = plan.rootCrl.nextUpdate
    },
  }),
  attack('PCK CRL from the future', 'pck_crl_window', {
    plan: (plan) => {
      plan.pckCrl.thisUpdate = plan.pckCrl.nextUpdate
    },
  }),
  attack('PCK CRL that covers some reasons only', 'pck_crl_format', {
    plan: (plan) => {
      const someReasons = der.sequence(der.implicit(3, Uint8Array.of(6, 0x40)))
      plan.pckCrl.extensions.push({ oid: '2.5.29.28', critical: true, value: someReasons })
    },
  }),
  attack('PCK CRL that only states changes', 'pck_crl_format', {
    plan: (plan) => {
      plan.pckCrl.extensions.push({ oid: '2.5.29.27', critical: true, value: der.integer(1) })
    },
  }),
  attack('bytes after the PCK CRL', 'pck_crl_format', {
    collateral: (honest) => ({ pck_crl: `${honest.pck_crl}00` }),
  }),
  attack('PCK revoked', 'pck_not_revoked', {
    plan: (plan) => {
      plan.pckCrl.revoked = [Uint8Array.of(1), plan.pck.serial]
    },
  }),
  attack('intermediate CA revoked', 'pck_ca_not_revoked', {
    plan: (plan) => {
      plan.rootCrl.revoked = [plan.intermediate.serial]
    },
  }),
  attack(
    'TCB signer revoked',
    'tcb_info_signer_not_revoked',
    {
      plan: (plan) => {
        plan.rootCrl.revoked = [plan.tcbSigner.serial]
      },
    },
    ['qe_identity_signer_not_revoked'],
  ),
  attack('TCB info of a revoked signer with a successor', 'tcb_info_signer_not_revoked', {
    plan: (plan) => {
      plan.rootCrl.revoked = [plan.tcbSigner.serial]
    },
    collateral: (_, { root }, plan) => ({ qe_identity_issuer_chain: pemChain(successor(plan), root) }),
  }),
  attack('QE identity of a revoked signer with a successor', 'qe_identity_signer_not_revoked', {
    plan: (plan) => {
      plan.rootCrl.revoked = [plan.tcbSigner.serial]
    },
    collateral: (_, { root }, plan) => ({ tcb_info_issuer_chain: pemChain(successor(plan), root) }),
  }),
  attack('root CRL signed by a root that may not sign CRLs', 'root_crl_issuer', {
    plan: ({ root }) => {
      root.extensions = root.extensions.map((extension) =>
        extension.oid === OID.keyUsage ? keyUsage('signCertificatesOnly') : extension,
      )
    },
    roots: ownRoot,
  }),
]
