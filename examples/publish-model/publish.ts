// Charlie: seals a model, keeps the key, and hands it to one verified enclave. After that he is not needed any more.
//   MODEL=model.gguf HOST=127.0.0.1 PORT=8443 POLICY=policy.json node publish.ts
import { readFile } from 'node:fs/promises'
import { parsePolicy } from '@dcml/attestation'
import { publishModel, readKeyFile, seedEnclave } from '@dcml/publisher'

const { MODEL, HOST, PORT, POLICY, OUT = 'published', KEY = 'key.json', ROOT } = process.env
if (!MODEL) throw new Error('Set MODEL to a model file or folder.')

const { card, modelH } = await publishModel({ source: MODEL, out: OUT, name: 'my model', keyFile: KEY })
console.log(`published ${OUT}: modelH ${card.modelH}`)

if (HOST && PORT && POLICY) {
  const { environment, phase } = await seedEnclave({
    endpoint: { host: HOST, port: Number(PORT) },
    policy: parsePolicy(JSON.parse(await readFile(POLICY, 'utf8'))),
    ...(ROOT && { roots: [await readFile(ROOT, 'utf8')] }), // a development root, for a simulated TEE only
    modelH,
    sk: await readKeyFile(KEY),
  })
  console.log(`seeded a ${environment} enclave, which is ${phase}`)
}
