import { type Policy, platform, type TdxCollateral, verifyTdxQuote } from '@dcml/attestation'
import { connectAttested } from '@dcml/attestation/node'
import { toHex } from '@dcml/protocol'
import { Command } from 'commander'
import { formatChecks } from '../checks.ts'
import { options, parseAddress, parseTime, readBytes, readJson, withTrust } from '../options.ts'
import type { Output } from '../output.ts'
import { readPolicy, resolveTrust, type TrustFlags } from '../trust.ts'
import { attestedJson, formatAttested } from '../verify/host.ts'

interface VerifyFlags extends Pick<TrustFlags, 'policy' | 'development' | 'root'> {
  quote: string
  collateral: string
  now: string
}

/** `dcml attest …`: is the other end this workload, in a genuine TEE? */
export function attestCommand(output: () => Output): Command {
  const verify = new Command('verify')
    .description('judge a TDX quote offline, with its collateral, at a given time')
    .requiredOption('--quote <file>', 'the quote, binary')
    .requiredOption('--collateral <file>', 'its collateral, flat JSON')
    .requiredOption('--now <time>', 'time to judge at, ISO 8601 with zone')
    .addOption(options.root())
    .addOption(options.policy())
    .addOption(options.development())
    .addOption(options.json())
    .action(async (flags: VerifyFlags) => {
      const policy: Policy = flags.policy === undefined ? platform : readPolicy(flags.policy, flags)
      const roots = flags.root?.map((path) => new TextDecoder().decode(readBytes(path)))
      const verdict = await verifyTdxQuote({
        quote: readBytes(flags.quote),
        collateral: readJson(flags.collateral) as TdxCollateral, // judged by the verifier, field by field
        now: parseTime(flags.now),
        policy,
        ...(roots !== undefined && { roots }),
      })
      const { ok, checks, tcb, environment, report } = verdict
      const hexReport =
        report &&
        Object.fromEntries(Object.entries(report).map(([k, v]) => [k, v instanceof Uint8Array ? toHex(v) : v]))
      output().result(
        `${formatChecks(checks)}\n${ok ? 'ACCEPTED' : 'REFUSED'}: TCB ${tcb.status}${environment === 'development' ? ', DEVELOPMENT evidence' : ''}`,
        { ok, environment, tcb, checks, report: hexReport },
      )
      if (!ok) process.exitCode = 1
    })

  const show = withTrust(new Command('show'))
    .description('connect to a host, verify its enclave and print every check')
    .argument('<address>', 'host:port')
    .addOption(options.modelH())
    .addOption(options.json())
    .action(async (address: string, flags: TrustFlags) => {
      const { socket, result } = await connectAttested({
        ...parseAddress(address),
        ...(await resolveTrust(flags, 'client')),
      })
      socket.destroy()
      output().result(formatAttested(result, 'ACCEPTED'), attestedJson(result))
    })

  return new Command('attest').addCommand(verify).addCommand(show)
}
