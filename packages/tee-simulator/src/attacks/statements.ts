import { toHex, utf8 } from '@dcml/protocol'
import type { Blueprint } from '../blueprint.ts'
import { issueCertificate } from '../certificate.ts'
import { pemChain } from '../issue.ts'
import { type KeyPair, signRaw } from '../keys.ts'
import { type Attack, attack } from './forge.ts'

const resign = (key: KeyPair, text: string): string => toHex(signRaw(key, utf8(text)))
const zeroSignature = '00'.repeat(64)
/** A PCK certificate issued by the root itself: a valid chain of the right length, and still not a TCB signer. */
const platformOfTheRoot = ({ pck, root }: Blueprint): Uint8Array =>
  issueCertificate({ ...pck, issuer: root.subject, signer: root.key })
/** Just below the oldest set of Intel's that a policy accepts. */
const oldEvaluation = 16

/** TCB info and QE identity that Intel never signed, or signed for another platform, product or time. */
export const statementAttacks: readonly Attack[] = [
  attack('TCB info rewritten after signing', 'tcb_info_signature', {
    plan: ({ tcbInfo }) => {
      tcbInfo.tcbLevels[0]!.tcbStatus = 'Revoked'
    },
    collateral: ({ tcb_info }) => ({ tcb_info: tcb_info.replace('"Revoked"', '"UpToDate"') }),
  }),
  attack('TCB info with an all-zero signature', 'tcb_info_signature', {
    collateral: () => ({ tcb_info_signature: zeroSignature }),
  }),
  attack('TCB info with a short signature', 'collateral_format', {
    collateral: ({ tcb_info_signature }) => ({ tcb_info_signature: tcb_info_signature.slice(2) }),
  }),
  attack('TCB info signed by a stranger', 'tcb_info_signature', {
    plan: (plan, stranger) => {
      plan.tcbInfoSigner = stranger.tcbSigner.key
    },
  }),
  attack('TCB info signed by a platform', 'tcb_info_signer', {
    collateral: ({ tcb_info }, { root }, plan) => ({
      tcb_info_issuer_chain: pemChain(platformOfTheRoot(plan), root),
      tcb_info_signature: resign(plan.pck.key, tcb_info),
    }),
  }),
  attack('QE identity signed by a platform', 'qe_identity_signer', {
    collateral: ({ qe_identity }, { root }, plan) => ({
      qe_identity_issuer_chain: pemChain(platformOfTheRoot(plan), root),
      qe_identity_signature: resign(plan.pck.key, qe_identity),
    }),
  }),
  attack('collateral with a part left out', 'collateral_format', {
    collateral: () => ({ qe_identity: undefined as never }),
  }),
  attack('TCB info is not JSON', 'tcb_info_format', {
    collateral: (_, __, plan) => ({ tcb_info: '{', tcb_info_signature: resign(plan.tcbInfoSigner, '{') }),
  }),
  attack('TCB info for SGX', 'tcb_info_format', {
    plan: ({ tcbInfo }) => {
      tcbInfo.id = 'SGX'
    },
  }),
  attack('TCB info of version 2', 'tcb_info_format', {
    plan: ({ tcbInfo }) => {
      tcbInfo.version = 2
    },
  }),
  attack('TCB info without levels', 'tcb_level', {
    plan: ({ tcbInfo }) => {
      tcbInfo.tcbLevels = []
    },
  }),
  attack('TCB info with a status nobody knows', 'tcb_info_format', {
    plan: ({ tcbInfo }) => {
      tcbInfo.tcbLevels[0]!.tcbStatus = 'Fine' as never
    },
  }),
  attack('TCB info expired', 'tcb_info_window', {
    plan: ({ tcbInfo }) => {
      tcbInfo.nextUpdate = tcbInfo.issueDate
    },
  }),
  attack('TCB info from the future', 'tcb_info_window', {
    plan: ({ tcbInfo }) => {
      tcbInfo.issueDate = tcbInfo.nextUpdate
    },
  }),
  attack('TCB info of another FMSPC', 'pck_fmspc', {
    plan: ({ tcbInfo }) => {
      tcbInfo.fmspc = 'DEC0DE000001'
    },
  }),
  attack('TCB info of another PCE', 'pck_pce_id', {
    plan: ({ tcbInfo }) => {
      tcbInfo.pceId = '0001'
    },
  }),
  attack('TCB info of an old evaluation', 'tcb_info_evaluation', {
    plan: ({ tcbInfo }) => {
      tcbInfo.tcbEvaluationDataNumber = oldEvaluation
    },
  }),
  attack('QE identity of an old evaluation', 'qe_identity_evaluation', {
    plan: ({ qeIdentity }) => {
      qeIdentity.tcbEvaluationDataNumber = oldEvaluation
    },
  }),
  attack('QE identity rewritten for a forged QE (CVE-2026-22696)', 'qe_identity_signature', {
    plan: ({ qeIdentity, qeReport }, stranger) => {
      qeReport.mrSigner = stranger.qeReport.mrSigner
      qeIdentity.mrsigner = toHex(qeReport.mrSigner).toUpperCase()
    },
    collateral: () => ({ qe_identity_signature: zeroSignature }),
  }),
  attack('QE identity rewritten after signing', 'qe_identity_signature', {
    collateral: ({ qe_identity }) => ({ qe_identity: qe_identity.replace('"isvsvn":4', '"isvsvn":3') }),
  }),
  attack('QE identity signed by a stranger', 'qe_identity_signature', {
    plan: (plan, stranger) => {
      plan.qeIdentitySigner = stranger.tcbSigner.key
    },
  }),
  attack('QE identity is not JSON', 'qe_identity_format', {
    collateral: (_, __, plan) => ({ qe_identity: '[]', qe_identity_signature: resign(plan.qeIdentitySigner, '[]') }),
  }),
  attack('QE identity of the SGX QE', 'qe_identity_format', {
    plan: ({ qeIdentity }) => {
      qeIdentity.id = 'QE'
    },
  }),
  attack('QE identity of version 1', 'qe_identity_format', {
    plan: ({ qeIdentity }) => {
      qeIdentity.version = 1
    },
  }),
  attack('QE identity expired', 'qe_identity_window', {
    plan: ({ qeIdentity }) => {
      qeIdentity.nextUpdate = qeIdentity.issueDate
    },
  }),
  attack('QE identity from the future', 'qe_identity_window', {
    plan: ({ qeIdentity }) => {
      qeIdentity.issueDate = qeIdentity.nextUpdate
    },
  }),
]
