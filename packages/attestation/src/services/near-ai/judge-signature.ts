import { equalBytes, toHex } from '@dcml/protocol'
import { sha256 } from '@noble/hashes/sha2.js'
import { Checklist } from '../../checklist.ts'
import { Refusal } from '../../x509/der.ts'
import { conclude, type JudgedPart, type Judgement, type JudgeOptions } from '../judgement.ts'
import { NEAR_SIGNATURE_CHECKS } from './checks.ts'
import { judgeNearParts } from './judge.ts'
import { signedBy } from './keys.ts'
import { nearLimits, nearWarnings } from './limits.ts'
import { hashesOf, type NearSignature } from './signature.ts'

/** Judges a signature; with `options.report`, the machine whose key made it too. */
export async function judgeNearSignature(signature: NearSignature, options: JudgeOptions): Promise<Judgement> {
  const { text, signing_address: address } = signature
  const { report, exchange } = options
  const list = new Checklist(NEAR_SIGNATURE_CHECKS)
  const genuine = await list.run('service_signature', [], async () => {
    if (!(await signedBy(address, text, signature.signature)))
      throw new Refusal(`it was not made by the key of ${toHex(address)}`)
    return text
  })
  const hashes = await list.run('service_signed_text', [genuine], (signed) => {
    const read = hashesOf(signed)
    if (!read) throw new Refusal('it is not "request:response" or "model:request:response" in hex of SHA-256')
    return read
  })
  for (const [name, body, of] of [
    ['service_request_hash', exchange?.request, 'requestH'],
    ['service_response_hash', exchange?.response, 'responseH'],
  ] as const) {
    if (body === undefined) list.skip(name, 'It was not given.')
    else
      await list.run(name, [hashes], (signed) => {
        const actual = toHex(sha256(body))
        if (actual !== signed[of]) throw new Refusal(`it has ${actual}, ${signed[of]} is signed`)
      })
  }
  const machines = report?.kind === 'near-ai' ? report.report : undefined
  if (machines === undefined) list.skip('service_signer_attested', 'No report was given that could attest the key.')
  else
    await list.run('service_signer_attested', [genuine], () => {
      const all = [...(machines.gateway ? [machines.gateway] : []), ...machines.models]
      if (!all.some(({ signing_address: attested }) => equalBytes(attested, address)))
        throw new Refusal(`no machine of the report has the key of ${toHex(address)}`)
    })
  const judged = list.finish()
  const part: JudgedPart = {
    name: 'signature',
    ...judged,
    environment: undefined,
    facts: { signer: toHex(address), ...(hashes && { ...hashes }) },
    needs: machines === undefined && judged.ok ? [{ kind: 'near-ai-report', signer: toHex(address) }] : [],
  }
  const others = machines ? await judgeNearParts(machines, options) : []
  const judgement = conclude('NEAR AI Cloud, signature', [part, ...others], {
    notProven: [
      'Which model answers: the name of the model, where it is signed, is the server’s word.',
      'That the hashes are of what was computed: the proxy signs the hash of the request that a caller names, unchecked.',
      ...(machines === undefined ? ['Whose key this is: a signature is worth what attests its key.'] : []),
      ...(exchange?.request === undefined || exchange.response === undefined
        ? ['What was asked and answered: only hashes are signed, and not both were given to compare.']
        : []),
      ...(machines ? nearLimits(machines, options).slice(1) : []),
    ],
    warnings: machines ? nearWarnings(machines, options) : [],
  })
  // a signature has no environment of its own: that of its machines counts
  return machines ? { ...judgement, environment: conclude('', others, { notProven: [] }).environment } : judgement
}
