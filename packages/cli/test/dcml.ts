import { execFile } from 'node:child_process'
import { join } from 'node:path'

/** How a command ended. */
export interface Ended {
  code: number
  stdout: string
  stderr: string
  /** The last line of stdout as JSON, where it is that. */
  json: Record<string, never> | undefined
}

const main = join(import.meta.dirname, '..', 'src', 'main.ts')

/** The command line of `dcml`, from source. */
export const dcmlCommand = (args: readonly string[]): string[] => [
  process.execPath,
  '--conditions=@dcml/source',
  main,
  ...args,
]

/** Runs `dcml` as a user does, as a process, in a folder. */
export const dcml = (cwd: string, args: readonly string[], env: Record<string, string> = {}): Promise<Ended> =>
  new Promise((resolve) => {
    const [command, ...rest] = dcmlCommand(args)
    const options = { cwd, env: { PATH: process.env.PATH, HOME: cwd, NO_COLOR: '1', ...env } }
    execFile(command!, rest, options, (error, stdout, stderr) =>
      resolve({ code: Number(error?.code ?? 0), stdout, stderr, json: parse(stdout) }),
    )
  })

function parse(stdout: string): Ended['json'] {
  try {
    return JSON.parse(stdout.trim().split('\n').at(-1)!)
  } catch {
    return undefined
  }
}
