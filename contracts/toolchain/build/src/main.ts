#!/usr/bin/env node
import { DcmlError } from '@dcml/protocol'
import { Command } from 'commander'
import manifest from '../package.json' with { type: 'json' }
import { buildContract } from './build.ts'

const program = new Command('dcml-contract')
  .description('NEAR contracts from near-sdk-js TypeScript, as small wasm.')
  .version(manifest.version)

program
  .command('build')
  .description('build one contract: wasm, ABI and a JSON with its sha256')
  .argument('<entry>', 'the module with the contract class')
  .option('--out <dir>', 'folder for the files', 'build')
  .option('--name <name>', "base name of the files (default: the entry's)")
  .option('--budget <bytes>', 'largest wasm that passes', Number)
  .option('--json', 'print the result as JSON', false)
  .action(
    async (entry: string, { json, ...options }: { out: string; name?: string; budget?: number; json: boolean }) => {
      const { name, wasm, sha256, imports } = await buildContract({ entry, ...options })
      const result = { name, bytes: wasm.length, sha256, imports }
      console.log(json ? JSON.stringify(result) : `${name}.wasm: ${wasm.length} bytes, sha256 ${sha256}`)
    },
  )

try {
  await program.parseAsync()
} catch (error) {
  if (!DcmlError.isInstance(error)) throw error
  console.error(`${error.code}: ${error.message}\n${error.hint}`)
  process.exitCode = 1
}
