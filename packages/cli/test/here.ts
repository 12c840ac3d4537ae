import { vi } from 'vitest'
import { run } from '../src/program.ts'

/** Runs a command line in this process, as a process for each would take a minute. @returns how it ended, and what it printed */
export async function here<T>(...args: string[]): Promise<{ code: number; json: T }> {
  let stdout = ''
  const out = vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    stdout += text
    return true
  })
  const err = vi.spyOn(process.stderr, 'write').mockReturnValue(true)
  try {
    const code = await run([...args, '--json'])
    process.exitCode = 0
    return { code, json: JSON.parse(stdout) as T }
  } finally {
    out.mockRestore()
    err.mockRestore()
  }
}
