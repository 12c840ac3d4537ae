import type { DeviceBlueprint } from '../nvidia/blueprint.ts'
import { measurement } from '../nvidia/chips.ts'
import { type GpuAttack, gpuAttack, gpuPlan, rimText } from './gpu-forge.ts'

const form = (name: string, change: (rim: string) => string): GpuAttack => rimText(name, 'gpu_rim_format', change)
const SIGNATURE = /<ds:Signature .*<\/ds:Signature>/s

/**
 * RIMs in another form than the one that NVIDIA gives them. What a general XML reader would drop before it hashes
 * (comments, declarations), or resolve (entities, references by id), is how signatures get wrapped around something else.
 */
const forms: readonly GpuAttack[] = [
  form('RIM that is empty', () => ''),
  form('RIM with an XML declaration', (rim) => `<?xml version="1.0"?>${rim}`),
  form('RIM with a document type', (rim) => `<!DOCTYPE SoftwareIdentity>${rim}`),
  form(
    'RIM with an entity that stands for a version',
    (rim) => `<!DOCTYPE SoftwareIdentity [<!ENTITY v "590.12">]>${rim.replace('"590.12"', '"&v;"')}`,
  ),
  form('RIM with a comment', (rim) => rim.replace('<ns0:Payload', '<!-- 590.12 --><ns0:Payload')),
  form('RIM with a comment inside a value', (rim) => rim.replace('</ds:DigestValue>', '<!-- --></ds:DigestValue>')),
  form('RIM with a processing instruction', (rim) => rim.replace('<ns0:Payload', '<?x y?><ns0:Payload')),
  form('RIM with a CDATA section', (rim) => rim.replace('<ds:DigestValue>', '<ds:DigestValue><![CDATA[]]>')),
  form('RIM with character references', (rim) => rim.replace('active="True"', 'active="&#84;rue"')),
  form('RIM with single quotes', (rim) => rim.replace('active="True"', "active='True'")),
  form('RIM with carriage returns', (rim) => rim.replaceAll('\n', '\r\n')),
  form('RIM with a byte order mark', (rim) => `\ufeff${rim}`),
  form('RIM with an attribute twice', (rim) => rim.replace('active="True"', 'active="True" active="False"')),
  form('RIM with two payloads', (rim) => rim.replace(/<ns0:Payload.*<\/ns0:Payload>/s, '$&$&')),
  form('RIM without a payload', (rim) => rim.replace(/<ns0:Payload.*<\/ns0:Payload>/s, '')),
  form('RIM without a signature', (rim) => rim.replace(SIGNATURE, '')),
  form('RIM with two signatures', (rim) => rim.replace(SIGNATURE, '$&$&')),
  form('RIM whose signature is not last', (rim) =>
    rim.replace(SIGNATURE, '').replace('    <ns0:Entity', `${SIGNATURE.exec(rim)![0]}    <ns0:Entity`),
  ),
  form('RIM wrapped in another one', (rim) => `<SoftwareIdentity>${rim}</SoftwareIdentity>`),
  form('RIM with bytes behind its end', (rim) => `${rim}<x/>`),
  form('RIM whose signature covers a part by its id', (rim) =>
    rim.replace('URI=""', 'URI="#part"').replace('<ns0:Payload ', '<ns0:Payload Id="part" '),
  ),
  form('RIM whose signature has two references', (rim) => rim.replace(/<ds:Reference.*<\/ds:Reference>/s, '$&$&')),
  form('RIM whose signature has a transform of its own', (rim) =>
    rim.replace(
      '</ds:Transforms>',
      '<ds:Transform Algorithm="http://www.w3.org/TR/1999/REC-xpath-19991116"/></ds:Transforms>',
    ),
  ),
  form('RIM hashed with SHA-256', (rim) => rim.replace('xmldsig-more#sha384', 'xmldsig-more#sha256')),
  form('RIM signed with ECDSA over SHA-1', (rim) => rim.replace('#ecdsa-sha384', '#ecdsa-sha1')),
  form('RIM signed with HMAC', (rim) => rim.replace('#ecdsa-sha384', '#hmac-sha384')),
  form('RIM whose key comes along without a certificate', (rim) =>
    rim.replace(/<ds:X509Data>.*<\/ds:X509Data>/s, '<ds:KeyValue/>'),
  ),
  form('RIM whose certificates are no base64', (rim) =>
    rim.replace('<ds:X509Certificate>MI', '<ds:X509Certificate>!!'),
  ),
  form('RIM with a measurement twice', (rim) => rim.replace('index="1"', 'index="0"')),
  form('RIM with a measurement of SHA-256', (rim) => rim.replace(/(ns2:Hash0="[0-9a-f]{64})[0-9a-f]{32}"/, '$1"')),
  form('RIM with a measurement neither active nor not', (rim) => rim.replace('active="True"', 'active="Maybe"')),
  form('RIM with fewer values than it says', (rim) => rim.replace('alternatives="1"', 'alternatives="2"')),
  form('RIM with two products', (rim) => rim.replace('product="GH100"', 'product="GH100" product="GB100"')),
]

/** RIMs that NVIDIA did not sign like this. */
const signatures: readonly GpuAttack[] = [
  rimText('RIM with a measurement changed after signing', 'gpu_rim_signature', (rim) =>
    rim.replace(/(active="True"[^>]*ns2:Hash0=")[0-9a-f]{4}/, '$1abcd'),
  ),
  rimText('RIM with a measurement set aside after signing', 'gpu_rim_signature', (rim) =>
    rim.replace('active="True"', 'active="False"'),
  ),
  rimText('RIM with one more space', 'gpu_rim_signature', (rim) =>
    rim.replace('    <ns0:Payload', '     <ns0:Payload'),
  ),
  rimText('RIM with another digest', 'gpu_rim_signature', (rim) =>
    rim.replace(/<ds:DigestValue>..../, '<ds:DigestValue>AAAA'),
  ),
  rimText('RIM with an all-zero signature', 'gpu_rim_signature', (rim) =>
    rim.replace(/<ds:SignatureValue>.*?</s, `<ds:SignatureValue>${'A'.repeat(128)}<`),
  ),
  gpuPlan('RIM signed by a stranger', 'gpu_rim_signature', (gpu, stranger) => {
    gpu.rims[0]!.signer = stranger.rimChain[0]!.key
  }),
  gpuPlan('RIM signed by the CA of RIMs', 'gpu_rim_signature', (gpu) => {
    gpu.rims[0]!.signer = gpu.rimChain[1]!.key
  }),
]

const match = (name: string, bend: (gpu: DeviceBlueprint) => void): GpuAttack => gpuPlan(name, 'gpu_rim_match', bend)

/** RIMs that NVIDIA signed, for something else. */
const others: readonly GpuAttack[] = [
  match('GPU without RIMs', (gpu) => {
    gpu.rims = []
  }),
  match('GPU without the RIM of its driver', (gpu) => {
    gpu.rims = gpu.rims.slice(1)
  }),
  match('GPU without the RIM of its VBIOS', (gpu) => {
    gpu.rims = gpu.rims.slice(0, 1)
  }),
  match('RIM of another driver', ({ rims: [driver] }) => {
    driver!.version = '590.11'
  }),
  match('RIM of another VBIOS', ({ rims: [, vbios] }) => {
    vbios!.version = '96.00.A5.00.02'
  }),
  match('RIM of a driver for another product', ({ rims: [driver] }) => {
    driver!.product = 'GB100'
  }),
  match('RIM of a switch for a GPU', ({ rims: [driver] }) => {
    driver!.edition = 'SWITCH'
  }),
  gpuAttack('Hopper’s RIMs for a Blackwell GPU, as the Hopper-style name of a RIM yields them', 'gpu_rim_match', {
    machine: { chip: 'GB100' },
    // validly signed, and of firmware with the same numbers
    plan: ([gpu]) => {
      for (const rim of gpu!.rims) rim.product = 'GH100'
    },
  }),
]

/** Devices that measure something else than NVIDIA published. */
const measurements: readonly GpuAttack[] = [
  gpuPlan('measurement claimed by two RIMs', 'gpu_rim_indices', ({ rims: [driver, vbios] }) => {
    const [first] = vbios!.entries
    driver!.entries[0] = { ...first! }
  }),
  gpuPlan('RIM of a driver that claims no measurement', 'gpu_measurements', ({ rims: [driver] }) => {
    for (const entry of driver!.entries) entry.active = false
  }),
  gpuPlan('GPU with another driver than its RIM’s', 'gpu_measurements', ({ response }) => {
    response.blocks[22]!.value = new Uint8Array(48).fill(1)
  }),
  gpuPlan('GPU with another VBIOS than its RIM’s', 'gpu_measurements', ({ response }) => {
    response.blocks[2]!.value = new Uint8Array(48).fill(1)
  }),
  gpuPlan('other microcode of a video decoder that is on', 'gpu_measurements', ({ response }) => {
    response.blocks[35]!.value = new Uint8Array(48).fill(1)
  }),
  gpuPlan('measurements shifted by one', 'gpu_measurements', ({ response }) => {
    for (const [i, block] of response.blocks.entries()) block.value = measurement('GH100', i + 1)
  }),
  gpuPlan('report that ends before the measurements of its RIM', 'gpu_measurements', ({ response }) => {
    response.blocks = response.blocks.slice(0, 40)
  }),
  gpuAttack('switch with other firmware than its RIM’s', 'gpu_measurements', {
    machine: { gpus: 2, switches: 1 },
    plan: (devices) => {
      devices.at(-1)!.response.blocks[3]!.value = new Uint8Array(48).fill(1)
    },
  }),
]

export const gpuRimAttacks: readonly GpuAttack[] = [...forms, ...signatures, ...others, ...measurements]
