import { DcmlError, toHex } from '@dcml/protocol'
import { readKeyFile, seedEnclave, writeKeyFile } from '@dcml/publisher'
import { generateModelKey, keyId, publicKeyOf } from '@dcml/weights'
import { hashModel, inspectContainer, openToFolder, sealModel } from '@dcml/weights/node'
import { Command } from 'commander'
import { nearOptions } from '../near-flags.ts'
import { options, parseAddress, readHex32, wholeNumber, withTrust } from '../options.ts'
import type { Output } from '../output.ts'
import { resolveTrust, type TrustFlags } from '../trust.ts'
import { interrupted } from './interrupted.ts'

interface SealFlags {
  out: string
  recipient?: string[]
  key?: string
  arch?: string
  license?: string
  contract?: string
}

interface SeedFlags extends TrustFlags {
  key: string
  modelH: string
  network?: string
  contract?: string
  keyEpoch: number
}

/** `dcml model …`: the owner's side (paper §4). */
export function modelCommand(output: () => Output): Command {
  const keygen = new Command('keygen')
    .description('make the key pair (sk, pk) of a model; sk never leaves the file')
    .argument('<file>', 'key file to write, readable by you alone')
    .addOption(options.json())
    .action(async (file: string) => {
      const key = await generateModelKey()
      await writeKeyFile(file, key.sk)
      const pk = toHex(key.pk)
      output().result(`pk ${pk}\nsk is in ${file}: whoever has it can open the model`, { pk, kid: keyId(key.pk), file })
    })

  const seal = new Command('seal')
    .description('encrypt a model, a file or a folder, into one container')
    .argument('<source>', 'model file or folder')
    .requiredOption('--out <file>', 'container to write')
    .option('--key <file>', 'key file of the model; with it an interrupted seal goes on where it stopped')
    .option('--recipient <pk>', 'public key that may open it, hex; repeatable', (pk, all: string[] = []) => [
      ...all,
      pk,
    ])
    .option('--arch <name>', 'architecture, such as llama')
    .option('--license <spdx>', 'licence of the weights')
    .option('--contract <account>', 'NEAR account of the model contract, bound into the key wraps')
    .addOption(options.json())
    .action(async (source: string, flags: SealFlags) => {
      const sk = flags.key === undefined ? undefined : await readKeyFile(flags.key)
      const recipients = (flags.recipient ?? []).map(readHex32)
      if (sk !== undefined) recipients.unshift(publicKeyOf(sk))
      const bar = output().progress('seal')
      try {
        const { modelH, header, segmentsKept } = await sealModel({
          source,
          out: flags.out,
          recipients,
          meta: pickDefined({ arch: flags.arch, license: flags.license }),
          contract: flags.contract,
          resume: sk === undefined ? undefined : { sk }, // only who holds sk can tell a draft of ours from a planted one
          signal: interrupted(),
          onProgress: ({ done, total }) => bar.update(done, total),
        })
        output().result(`modelH ${toHex(modelH)}\nsealed ${header.plainSize} bytes into ${flags.out}`, {
          modelH: toHex(modelH),
          container: flags.out,
          bytes: header.plainSize,
          files: header.files,
          segmentsKept,
        })
      } finally {
        bar.stop()
      }
    })

  const open = new Command('open')
    .description('decrypt a container into a folder; nothing is left behind unless all of it is genuine')
    .argument('<container>')
    .requiredOption('--key <file>', 'key file of the model')
    .requiredOption('--out <folder>', 'folder to write')
    .addOption(options.modelH())
    .addOption(options.json())
    .action(async (container: string, flags: { key: string; out: string; modelH?: string }) => {
      const bar = output().progress('open')
      try {
        const { modelH, manifest } = await openToFolder({
          container,
          folder: flags.out,
          sk: await readKeyFile(flags.key),
          expectedModelH: flags.modelH === undefined ? undefined : readHex32(flags.modelH),
          signal: interrupted(),
          onProgress: ({ done, total }) => bar.update(done, total),
        })
        output().result(`modelH ${toHex(modelH)}\n${manifest.files.length} files in ${flags.out}`, {
          modelH: toHex(modelH),
          files: manifest.files,
        })
      } finally {
        bar.stop()
      }
    })

  const hash = new Command('hash')
    .description('name a model: modelH of a file, a folder or a container')
    .argument('<source>')
    .option('--container', 'the source is a sealed container: print what its header says, unverified without the key')
    .addOption(options.json())
    .action(async (source: string, flags: { container?: boolean }) => {
      if (flags.container) {
        const { modelH, files, meta, wraps } = await inspectContainer(source)
        output().result(`modelH ${modelH} (as the header says)`, {
          modelH,
          files,
          meta,
          kids: wraps.map(({ kid }) => kid),
        })
        return
      }
      const bar = output().progress('hash')
      try {
        const { modelH, manifest } = await hashModel(source, {
          signal: interrupted(),
          onProgress: ({ done, total }) => bar.update(done, total),
        })
        output().result(`modelH ${toHex(modelH)}`, { modelH: toHex(modelH), manifest })
      } finally {
        bar.stop()
      }
    })

  const seed = withTrust(new Command('seed'))
    .description('set_sk: verify an enclave and hand it the key of a model (paper §4)')
    .argument('<address>', 'attested host:port of the enclave')
    .requiredOption('--key <file>', 'key file of the model')
    .addOption(options.modelH().makeOptionMandatory())
    .addOption(nearOptions.network())
    .addOption(nearOptions.contract())
    .option('--key-epoch <number>', 'how often the key was rotated, as the contract says', wholeNumber, 0)
    .addOption(options.json())
    .action(async (address: string, flags: SeedFlags) => {
      // the enclave learns modelH from the grant, so its evidence cannot name it yet
      const { modelH, network, contract, keyEpoch, ...trust } = flags
      if ((network === undefined) !== (contract === undefined)) throw halfPaid()
      const { checks, environment, phase } = await seedEnclave({
        endpoint: parseAddress(address),
        ...(await resolveTrust(trust, 'key-release')),
        modelH: readHex32(modelH),
        sk: await readKeyFile(flags.key),
        keyEpoch,
        ...(network !== undefined &&
          contract !== undefined && { chain: { networkId: network, contract }, ownerContract: contract }),
      })
      output().result(`seeded ${address} with the key of ${modelH}; its model is ${phase}`, {
        ok: true,
        modelH,
        environment,
        phase,
        checks,
      })
    })

  return new Command('model').addCommand(keygen).addCommand(seal).addCommand(open).addCommand(hash).addCommand(seed)
}

const halfPaid = (): DcmlError =>
  new DcmlError('usage_invalid', 'Where a model is paid for has a network and a contract.', {
    hint: 'Give --network and --contract, or none of them where the image serves free.',
  })

const pickDefined = <T extends object>(value: T): { [K in keyof T]?: Exclude<T[K], undefined> } =>
  Object.fromEntries(Object.entries(value).filter(([, field]) => field !== undefined)) as never
