import { spawn } from 'node:child_process'

interface CommandOptions {
  cwd?: string
  env?: Record<string, string>
}

/** What a finished command wrote. `status` is null where the command could not be started. */
export interface Finished {
  status: number | null
  stdout: string
  stderr: string
}

/** Runs a command to its end, in the C locale, and keeps what it wrote. Never throws. */
export const run = (command: string, args: readonly string[], options: CommandOptions = {}): Promise<Finished> =>
  new Promise((resolve) => {
    const child = spawn(command, args, {
      cwd: options.cwd,
      env: { ...process.env, LC_ALL: 'C', ...options.env },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    const written = { stdout: '', stderr: '' }
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      written.stdout += text
    })
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      written.stderr += text
    })
    child.on('error', (error) => resolve({ status: null, stdout: '', stderr: error.message }))
    child.on('close', (status) => resolve({ status: status ?? 1, ...written }))
  })

/** The last lines of what a command complained about, for an error's message. */
export const complaint = (finished: Finished): string =>
  (finished.stderr.trim() || finished.stdout.trim()).split('\n').slice(-8).join('\n')
