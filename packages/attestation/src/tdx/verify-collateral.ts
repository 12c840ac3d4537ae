import type { Policy } from '../policy/policy.ts'
import type { Certificate } from '../x509/certificate.ts'
import { requireWindow } from '../x509/chain.ts'
import { Refusal } from '../x509/der.ts'
import { requireEvaluation } from './accept.ts'
import type { Collateral, QeIdentity, TcbInfo } from './collateral.ts'
import type { Judge } from './verify-certificates.ts'

interface Signed {
  readonly signer: Certificate | undefined
  readonly content: Collateral['tcb_info'] | undefined
  readonly signature: Uint8Array | undefined
}

/**
 * Verifies one of Intel's signed JSON texts: the signature over its exact bytes before anything reads them, then
 * form, window and evaluation set.
 */
export async function verifySignedJson<Content extends TcbInfo | QeIdentity>(
  { list, verify, now }: Judge,
  name: 'tcb_info' | 'qe_identity',
  { signer, content, signature }: Signed,
  read: (json: string) => Content,
  policy: Policy['tcb'],
): Promise<Content | undefined> {
  const signed = await list.run(`${name}_signature`, [signer, content, signature], async (key, json, bytes) => {
    if (!(await verify(key.publicKey, json.bytes, bytes))) throw new Refusal('the signature does not verify')
    return json.text
  })
  const parsed = await list.run(`${name}_format`, [signed], read)
  const current = await list.run(`${name}_window`, [parsed], (value) => {
    requireWindow(value.issueDate, value.nextUpdate, now)
    return value
  })
  return list.run(`${name}_evaluation`, [current], (value) => {
    requireEvaluation(value.tcbEvaluationDataNumber, policy)
    return value
  })
}
