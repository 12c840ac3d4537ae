// Flags that mean the same in every command, defined once.
import { existsSync, readFileSync } from 'node:fs'
import { DcmlError, fromHex } from '@dcml/protocol'
import { type Command, InvalidArgumentError, Option } from 'commander'
import { environmentName, TEES } from './settings.ts'

/** A flag that an environment variable can set. */
export const named = (flags: string, description: string): Option => {
  const option = new Option(flags, description)
  return option.env(environmentName(option.attributeName()))
}
/** Reads a flag that may be repeated. */
export const collect = (value: string, previous: string[] | undefined): string[] => [...(previous ?? []), value]
const hash = (value: string, previous?: string[]): string[] => collect(asHash(value), previous)
/** Reads a number of a flag. @throws InvalidArgumentError of commander */
export const wholeNumber = (value: string): number => {
  if (!/^\d{1,9}$/.test(value)) throw new InvalidArgumentError('not a whole number')
  return Number(value)
}

/** Reads a port of a flag. @throws InvalidArgumentError of commander */
export const portNumber = (value: string): number => {
  const port = wholeNumber(value)
  if (port > 65_535) throw new InvalidArgumentError('not a port, which are 0 to 65535')
  return port
}

/** Reads a number that may have a fraction. @throws InvalidArgumentError of commander */
export const decimal = (value: string): number => {
  if (!/^\d{1,6}(\.\d{1,6})?$/.test(value)) throw new InvalidArgumentError('not a number such as 0.7')
  return Number(value)
}

function asHash(value: string): string {
  if (!/^[0-9a-fA-F]{64}$/.test(value)) throw new InvalidArgumentError('not 64 hex digits')
  return value.toLowerCase()
}

export const options = {
  json: () => new Option('--json', 'print one JSON document on stdout'),
  config: () => new Option('--config <file>', 'settings file (default: dcml.config.json, if there)'),
  endpoint: () => named('--endpoint <url>', 'attested address of the host, such as https://127.0.0.1:8443'),
  policy: () => named('--policy <file>', 'what to accept, as JSON; everything not said in it is refused'),
  // trust is widened on the command line alone: no file or environment variable does it unseen
  development: () => new Option('--development', 'accept the simulated TEE, which proves nothing'),
  root: () =>
    new Option('--root <file>', 'trust this root (PEM) instead of the pinned ones; repeatable').argParser(collect),
  imageH: () => named('--image-h <hex>', 'accepted image manifest (SHA-256); repeatable').argParser(hash),
  modelH: () => named('--model-h <hex>', 'the model that must answer').argParser(asHash),
  channel: () => named('--channel <file>', 'file that the payment channel is kept in; its key lies beside it'),
  receipts: () => named('--receipts <file>', 'keep receipts in this file (JSON lines)'),
  tee: () => named('--tee <name>', 'TEE of this machine').choices(TEES),
  manifest: () => named('--manifest <file>', 'image manifest of this workload'),
  engine: () => named('--engine <name>', 'llama.cpp, or the base URL of an OpenAI-compatible server'),
  container: () => named('--container <file>', 'sealed weights (DCMW) to load once their key has arrived'),
  host: () => named('--host <address>', 'address to listen on'),
  port: () => named('--port <number>', 'attested port, 0 for any').argParser(portNumber),
  adminPort: () =>
    named('--admin-port <number>', 'local port for health, metrics and the host, 0 for any').argParser(portNumber),
  browserPort: () =>
    named('--browser-port <number>', 'port for pages in browsers, 0 for any (default: none)').argParser(portNumber),
  browserOrigin: () =>
    named('--browser-origin <origin>', 'origin of such pages, https://chat.example; repeatable').argParser(collect),
  threads: () => named('--threads <number>', 'threads of the embedded engine').argParser(wholeNumber),
  parallel: () => named('--parallel <number>', 'requests the embedded engine runs at once').argParser(wholeNumber),
  contextLength: () =>
    named('--context-length <tokens>', 'tokens of prompt and completion together').argParser(wholeNumber),
}

/** Gives a command the flags that say whom to believe. */
export const withTrust = (command: Command): Command =>
  command
    .addOption(options.policy())
    .addOption(options.development())
    .addOption(options.root())
    .addOption(options.imageH())

/** Splits `host:port` and `[v6]:port`. @throws DcmlError `address_invalid` */
export function parseAddress(text: string): { host: string; port: number } {
  const match = /^(?:https:\/\/)?(\[[0-9a-fA-F:.]+\]|[^:/\s[\]]+):(\d{1,5})\/?$/.exec(text)
  const port = Number(match?.[2])
  if (match === null || port < 1 || port > 65_535)
    throw new DcmlError('address_invalid', `"${text}" is not an address.`, { hint: 'Write host:port.' })
  return { host: match[1]!.replace(/^\[|\]$/g, ''), port }
}

/** A target that is no file, if it looks like an address. @throws DcmlError `target_unknown` */
export function addressOf(target: string, known: string): string {
  if (/:\d+\/?$/.test(target)) return target
  throw new DcmlError('target_unknown', `There is no file ${target}, and it is no address.`, {
    hint: `Write ${known}.`,
  })
}

/** `https://host:port`, with brackets around IPv6. */
export const originOf = ({ host, port }: { host: string; port: number }): string =>
  `https://${host.includes(':') ? `[${host}]` : host}:${port}`

/** Reads an ISO 8601 time with its zone. @throws DcmlError `time_invalid` */
export function parseTime(text: string): Date {
  const now = new Date(text)
  if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)$/.test(text) || Number.isNaN(now.getTime()))
    throw new DcmlError('time_invalid', `"${text}" is not a time.`, { hint: 'Write 2025-07-01T00:00:00Z.' })
  return now
}

/** @throws DcmlError `file_unreadable` */
export function readBytes(path: string): Uint8Array {
  try {
    return Uint8Array.from(readFileSync(path))
  } catch (cause) {
    throw new DcmlError('file_unreadable', `${path} cannot be read.`, { hint: 'Check path and permissions.', cause })
  }
}

/** @throws DcmlError `file_unreadable`, `json_invalid` */
export function readJson(path: string): unknown {
  const bytes = readBytes(path)
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  } catch (cause) {
    throw new DcmlError('json_invalid', `${path} is not JSON.`, { hint: 'Check that this is the right file.', cause })
  }
}

/**
 * A 32-byte key or hash, from hex on the command line or the one hex line of a file.
 * @throws DcmlError `hex_invalid`
 */
export function readHex32(value: string): Uint8Array {
  const isHex = (text: string): boolean => /^[0-9a-fA-F]{64}$/.test(text)
  if (isHex(value)) return fromHex(value, 32)
  const text = existsSync(value) ? new TextDecoder().decode(readBytes(value)).trim() : ''
  if (isHex(text)) return fromHex(text, 32)
  throw new DcmlError('hex_invalid', `"${value}" is neither 64 hex digits nor a file that holds them.`, {
    hint: 'Public keys and hashes have 32 bytes.',
  })
}
