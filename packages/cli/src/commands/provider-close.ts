import { closeArguments, PAYMENT_CALLS, readWire, wire } from '@dcml/channels'
import { modelWallet } from '@dcml/near/model'
import { DcmlError, formatAmount, parseApproval } from '@dcml/protocol'
import type { Command } from 'commander'
import { hostError } from '../host-error.ts'
import { type ContractFlags, connect, contractOf, readAccount, type SignerFlags } from '../near-flags.ts'
import type { Output } from '../output.ts'
import { tellSent } from '../sent.ts'
import { interrupted } from './interrupted.ts'

type Flags = SignerFlags & ContractFlags & { admin: string }

/** Makes `command` the one by which a host ends a channel whose payer vanished: its enclave approves, it submits. */
export function closeCommand(command: Command, output: () => Output): Command {
  return command
    .description('end a channel: your enclave says what was delivered, and serves it no more; all are paid at once')
    .argument('<channel>', 'its number, as `show` tells')
    .option('--admin <url>', "your runtime's admin port", 'http://127.0.0.1:9443')
    .action(async (channelId: string, flags: Flags) => {
      const [contract, account, near] = [contractOf(flags), readAccount(flags), await connect(flags)]
      const approval = await askApproval(flags.admin, channelId)
      const wallet = modelWallet({ near, account, contract, signal: interrupted() })
      const sent = await wallet.close(closeArguments(approval))
      const { spent } = parseApproval(approval).approval
      tellSent(output(), `channel ${channelId} is closed; ${formatAmount(spent)} were delivered on it`, sent, { spent })
    })
}

/** @throws DcmlError `admin_unreachable`, or what the runtime says */
async function askApproval(admin: string, channelId: string): Promise<string> {
  const request = {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ channelId }),
    signal: interrupted(),
  }
  const response = await fetch(new URL(PAYMENT_CALLS.requestClosure, admin), request).catch((cause) => {
    throw new DcmlError('admin_unreachable', `No runtime answers at ${admin}.`, {
      hint: 'Run this on the machine of the runtime, or give --admin URL.',
      cause,
    })
  })
  const body = await response.json().catch(() => ({}))
  if (!response.ok) throw hostError(body)
  return readWire(wire.approval, body).approval
}
