import { writeFileSync } from 'node:fs'
import { generateClient } from '@dcml/near'
import { Command } from 'commander'
import { options, readJson } from '../options.ts'
import type { Output } from '../output.ts'

/** `dcml near …`: what helps with NEAR contracts. */
export function nearCommand(output: () => Output): Command {
  const client = new Command('client')
    .description('write a typed client (TypeScript) from a contract’s ABI')
    .argument('<abi>', 'the .abi.json beside the contract’s wasm')
    .option('--name <name>', 'of the contract in the client; default: as the ABI says')
    .option('--out <file>', 'write it there; default: stdout')
    .addOption(options.json())
    .action((abi: string, { name, out }: { name?: string; out?: string }) => {
      const source = generateClient(readJson(abi), name === undefined ? {} : { name })
      if (out === undefined) return output().result(source, { source })
      writeFileSync(out, source)
      output().result(`wrote ${out}`, { out })
    })
  return new Command('near').addCommand(client)
}
