// A software TPM of Debian's package swtpm, one process per test, gone with it.
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { onTestFinished } from 'vitest'
import { inTurn, type TpmTransport } from '../src/anti-rollback/tpm2/transport.ts'

const PROGRAM = 'swtpm'
export const hasSwtpm = spawnSync(PROGRAM, ['--version']).status === 0
if (!hasSwtpm) console.log('swtpm is not installed: the TPM tests are skipped (apt-get install swtpm)')

export interface SoftTpm extends TpmTransport {
  /** Where its owner finds all its state. */
  readonly state: string
  /** Stops it, lets `meanwhile` do what it likes, and starts it from its state. */
  restart(meanwhile?: () => Promise<void>): Promise<void>
}

export async function startSwtpm(): Promise<SoftTpm> {
  const state = await mkdtemp(join(tmpdir(), 'dcml-tpm-'))
  onTestFinished(() => rm(state, { recursive: true }))
  let running = await boot(state)
  onTestFinished(() => running.stop())
  const line = inTurn({ transmit: (command) => running.transmit(command), close: async () => {} })
  return {
    ...line,
    state,
    async restart(meanwhile = async () => {}) {
      await running.stop()
      await meanwhile()
      running = await boot(state)
    },
  }
}

async function boot(state: string) {
  const path = join(state, 'socket')
  await rm(path, { force: true })
  // it ends with its connection, so also with a test that is killed
  const flags = ['--tpm2', '--terminate', '--flags', 'not-need-init,startup-clear', '--tpmstate', `dir=${state}`]
  const child = spawn(PROGRAM, ['socket', ...flags, '--server', `type=unixio,path=${path}`], { stdio: 'ignore' })
  const socket = await connected(path, () => child.exitCode === null)
  return {
    transmit: (command: Uint8Array) => ask(socket, command),
    async stop() {
      socket.destroy()
      if (child.exitCode !== null || child.signalCode !== null) return
      const gone = once(child, 'exit')
      child.kill()
      await gone
    },
  }
}

/** Tries until it listens. */
async function connected(path: string, isAlive: () => boolean): Promise<Socket> {
  for (;;) {
    const socket = connect(path)
    try {
      await once(socket, 'connect')
      return socket
    } catch (error) {
      if (!isAlive()) throw error
      await sleep(5)
    }
  }
}

/** Answers say at their bytes 2 to 6 how long they are. */
async function ask(socket: Socket, command: Uint8Array): Promise<Uint8Array> {
  socket.write(command)
  let answer = Buffer.alloc(0)
  while (answer.length < 6 || answer.length < answer.readUInt32BE(2)) {
    const [part] = (await once(socket, 'data')) as [Buffer]
    answer = Buffer.concat([answer, part])
  }
  return new Uint8Array(answer)
}
