import { DcmlError } from '@dcml/protocol'
import { Presets, SingleBar } from 'cli-progress'

/** Where a command's words go: results to stdout, everything else to stderr. */
export interface Output {
  /** Prints the result: `human` for people, one JSON document with `--json`. */
  result(human: string, json: unknown): void
  /** Says something in passing; silent with `--json`. */
  note(line: string): void
  /** A bar on a terminal, nothing elsewhere. */
  progress(label: string): ProgressBar
}

export interface ProgressBar {
  update(done: number, total: number): void
  stop(): void
}

const silent: ProgressBar = { update() {}, stop() {} }

/** Writes to the process's own streams. */
export const createOutput = ({ json }: { json: boolean }): Output => ({
  result(human, value) {
    process.stdout.write(json ? `${JSON.stringify(value, jsonValue)}\n` : human.endsWith('\n') ? human : `${human}\n`)
  },
  note(line) {
    if (!json) process.stderr.write(`${line}\n`)
  },
  progress(label) {
    if (!process.stderr.isTTY) return silent
    const bar = new SingleBar(
      { stream: process.stderr, clearOnComplete: true, format: `${label} {bar} {percentage}% {eta_formatted}` },
      Presets.shades_classic,
    )
    bar.start(1, 0)
    return {
      update(done, total) {
        bar.setTotal(Math.max(total, 1))
        bar.update(done)
      },
      stop: () => bar.stop(),
    }
  },
})

/** What a model or a host said, without the control characters that could take over a terminal. */
export const printable = (text: string): string =>
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is taken out
  text.replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, '\ufffd')

/**
 * The same as one line: with a break in it, or with marks that turn the order of letters, what a host says could pass for
 * another check or for the verdict.
 */
export const line = (text: string): string => text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, '\ufffd')

/** Prints an error in the form asked for. */
export function printError(error: unknown, { json }: { json: boolean }): void {
  const known = (DcmlError.isInstance(error) ? error : unforeseen(error)).toJSON()
  if (json) process.stdout.write(`${JSON.stringify({ error: known }, jsonValue)}\n`)
  else process.stderr.write(printable(`${known.code}: ${known.message}\n  ${known.hint}\n`))
}

/** What no part of dcml has a code for: the file system's refusals, whose message names the path, and defects. */
function unforeseen(error: unknown): DcmlError {
  const { message, code, syscall }: NodeJS.ErrnoException = error instanceof Error ? error : new Error(String(error))
  if (code !== undefined && syscall !== undefined)
    return new DcmlError('system_refused', message, {
      hint: 'Check the path, what you may read and write there, and the room on the disk.',
      details: { reason: code, syscall },
    })
  return new DcmlError('internal', message, {
    hint: 'This is a defect of dcml: please report it with the command you typed.',
  })
}

/** Money and counters are text in JSON, so that no reader rounds them. */
const jsonValue = (_: string, value: unknown): unknown => (typeof value === 'bigint' ? value.toString() : value)
