// Prints the attack catalogue as a Markdown table, with the verdict of @phala/dcap-qvl on the same bytes:
// node --conditions=@dcml/source packages/attestation/test/attack-table.ts
import { attacks, controls, createSimulator, type Forged } from '@dcml/tee-simulator'
import { QuoteVerifier } from '@phala/dcap-qvl'

const now = new Date()
const simulator = await createSimulator({ now })

/** It knows no policy: other statuses than UpToDate are for its caller to refuse, and so is what only a policy can. */
function otherVerdict({ quote, collateral, roots, policy }: Forged): string {
  if (policy) return 'no policy'
  const verifier = QuoteVerifier.newWithRootCa(Buffer.from(roots?.[0] ?? simulator.rootDer))
  try {
    return `accepted: ${verifier.verify(Buffer.from(quote), collateral, Math.floor(now.getTime() / 1000)).status}`
  } catch {
    return 'refused'
  }
}

console.log('| attack | refused by check | @phala/dcap-qvl 0.3.9 |\n|---|---|---|')
for (const { name, targets, also, mint } of attacks)
  console.log(
    `| ${name} | ${[targets, ...also].map((check) => `\`${check}\``).join(', ')} | ${otherVerdict(mint(simulator))} |`,
  )

console.log('\n| honest evidence | here | @phala/dcap-qvl 0.3.9 |\n|---|---|---|')
for (const { name, mint } of controls)
  console.log(`| ${name} | accepted: UpToDate | ${otherVerdict(mint(simulator))} |`)
