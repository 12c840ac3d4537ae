import { open } from 'node:fs/promises'
import { DcmlError } from '@dcml/protocol'

/** Carries a command to a TPM and its answer back, one at a time. It may lie: answers are checked by whoever asked. */
export interface TpmTransport {
  transmit(command: Uint8Array): Promise<Uint8Array>
  close(): Promise<void>
}

/** Longer than any answer to the commands used here. */
const MAX_ANSWER = 4096

/**
 * A character device of the kernel: `/dev/tpmrm0`, whose resource manager keeps the sessions of processes apart.
 * @throws DcmlError `tpm_unavailable`
 */
export async function tpmDevice(path = '/dev/tpmrm0'): Promise<TpmTransport> {
  const unavailable = (cause: unknown): DcmlError =>
    new DcmlError('tpm_unavailable', `The TPM at ${path} cannot be used.`, {
      hint: 'Give this process the right to read and write it, and see that the machine has a TPM 2.0.',
      details: { errno: (cause as NodeJS.ErrnoException).code ?? '' },
      cause,
    })
  const device = await open(path, 'r+').catch((cause) => {
    throw unavailable(cause)
  })
  return inTurn({
    async transmit(command) {
      try {
        // the kernel takes a command in one write and gives its answer in one read; there is no position in it
        await device.write(command, 0, command.length, null)
        const { buffer, bytesRead } = await device.read(new Uint8Array(MAX_ANSWER), 0, MAX_ANSWER, null)
        return buffer.subarray(0, bytesRead)
      } catch (cause) {
        throw unavailable(cause)
      }
    },
    close: () => device.close(),
  })
}

/** Lets one command wait for the answer to the one before. */
export function inTurn(transport: TpmTransport): TpmTransport {
  let last: Promise<unknown> = Promise.resolve()
  return {
    transmit(command) {
      const answer = last.then(() => transport.transmit(command))
      last = answer.catch(() => {})
      return answer
    },
    close: () => transport.close(),
  }
}
