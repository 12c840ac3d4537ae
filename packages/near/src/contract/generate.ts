// Writes the TypeScript of a typed client from an ABI. The text is stable: the same ABI gives the same bytes.
import { DcmlError } from '@dcml/protocol'
import { type Abi, type AbiFunction, type JsonSchema, parseAbi } from './abi.ts'
import { isOffered, isOptional } from './contract.ts'

/**
 * The source of a module that exports `interface Name`, its events and the function `name(near, contractId)`.
 * @param options.name the contract's name in the client, such as `Model`; default: from the ABI's metadata
 * @param options.from where the client finds this package; default `@dcml/near`
 * @throws DcmlError `near_abi_invalid`, also for names that cannot stand in TypeScript
 */
export function generateClient(input: unknown, options: { name?: string; from?: string } = {}): string {
  const abi = parseAbi(input)
  const name = pascal(options.name ?? abi.metadata.name ?? 'Contract')
  try {
    return write(abi, name, options.from ?? '@dcml/near')
  } catch (cause) {
    if (DcmlError.isInstance(cause)) throw cause
    throw new DcmlError('near_abi_invalid', 'The schemas of the ABI are not what JSON Schema allows.', {
      hint: 'Give the .abi.json that lies beside the contract’s wasm.',
      cause,
    })
  }
}

function write(abi: Abi, name: string, from: string): string {
  const { definitions = {} } = abi.body.root_schema
  const offered = abi.body.functions.filter(isOffered)
  const uses = (kind: string) => offered.some((method) => method.kind === kind)
  const imports = [
    ...(uses('call') ? ['Called', 'CallOptions'] : []),
    'ContractType',
    ...(uses('view') ? ['ViewOptions'] : []),
  ].map((type) => `type ${type}`)
  return `${[
    `// A typed client of the contract "${line(abi.metadata.name ?? name)}", made from its ABI by @dcml/near. Do not edit: generate it again.`,
    `import { ${imports.sort(byName).join(', ')}, contractType } from ${quote(from)}`,
    '',
    ...Object.entries(definitions).flatMap(([key, schema]) => [
      `export type ${pascal(key)} = ${typeOf(schema, '')}`,
      '',
    ]),
    `/** What ${name} offers. */`,
    `export interface ${name} {`,
    ...offered.flatMap(signature),
    '}',
    '',
    `/** What ${name} logs. */`,
    `export type ${name}Event =${abi.body.events.map(eventType).join('') || ' never'}`,
    '',
    `/** ${name} at an address: \`${camel(name)}(near, 'contract.near')\`. */`,
    `export const ${camel(name)}: ContractType<${name}, ${name}Event> = contractType<${name}, ${name}Event>(`,
    indent(JSON.stringify(abi, null, 2)),
    ')',
  ].join('\n')}\n`
}

function signature(method: AbiFunction): string[] {
  const args = method.params?.args ?? []
  const fields = args.map(({ name, type_schema }) => field(name, type_schema, '  ', isOptional(type_schema)))
  const type = args.length === 0 ? 'Record<string, never>' : `{ ${fields.join('; ')} }`
  const result = method.result === undefined ? 'void' : typeOf(method.result.type_schema, '  ')
  const rule = method.deposit
  const pays =
    rule === undefined
      ? method.modifiers.includes('payable') && 'Takes a deposit.'
      : 'exactly' in rule
        ? `Takes ${rule.exactly} yocto.`
        : `Takes at least ${rule.at_least} yocto.`
  const doc = [method.doc, method.modifiers.includes('init') && 'Runs once, first.', pays]
    .filter(Boolean)
    .map((text) => line(text as string))
  const [options, answer] =
    method.kind === 'view' ? ['options?: ViewOptions', result] : ['options: CallOptions', `Called<${result}>`]
  const optional = method.kind === 'view' && args.length === 0 ? '?' : ''
  return [
    ...(doc.length > 0 ? [`  /** ${doc.join(' ')} */`] : []),
    `  ${key(method.name)}(args${optional}: ${type}, ${options}): Promise<${answer}>`,
  ]
}

const eventType = ({ event, standard, data }: Abi['body']['events'][number]): string =>
  `\n  | { readonly standard: ${quote(standard)}; readonly event: ${quote(event)}; readonly data: ${typeOf(data, '    ')} }`

function typeOf(schema: JsonSchema, pad: string): string {
  if (schema.$ref !== undefined) return pascal(schema.$ref.replace('#/definitions/', ''))
  if (schema.enum !== undefined)
    return (
      schema.enum.map((word) => (typeof word === 'string' ? quote(word) : JSON.stringify(word))).join(' | ') || 'never'
    )
  if (schema.anyOf !== undefined) {
    const [only] = schema.anyOf.filter(({ type }) => type !== 'null')
    return schema.anyOf.length === 2 && only !== undefined && isOptional(schema)
      ? `${typeOf(only, pad)} | null`
      : 'unknown'
  }
  switch (schema.type) {
    case 'string':
      return /^uint(64|128)$/.test(schema.format ?? '')
        ? 'bigint'
        : /^uint(8|16|32)$/.test(schema.format ?? '')
          ? 'number'
          : schema.format === 'hex' || schema.format === 'base64'
            ? 'Uint8Array'
            : 'string'
    case 'boolean':
    case 'null':
      return schema.type
    case 'integer':
    case 'number':
      return 'number'
    case 'array':
      return `readonly (${typeOf(schema.items ?? {}, pad)})[]`
    case 'object':
      return objectType(schema, pad)
    default:
      return 'unknown'
  }
}

function objectType({ properties = {}, required = [], additionalProperties }: JsonSchema, pad: string): string {
  const names = Object.keys(properties)
  if (names.length === 0)
    return typeof additionalProperties === 'object'
      ? `Readonly<Record<string, ${typeOf(additionalProperties, pad)}>>`
      : 'Record<string, never>'
  const fields = names.map((name) => field(name, properties[name] as JsonSchema, pad, !required.includes(name)))
  return `{ ${fields.join('; ')} }`
}

const field = (name: string, schema: JsonSchema, pad: string, optional: boolean): string =>
  `readonly ${key(name)}${optional ? '?' : ''}: ${typeOf(schema, pad)}${optional ? ' | undefined' : ''}`

const quote = (text: string): string =>
  `'${JSON.stringify(text).slice(1, -1).replaceAll("'", "\\'").replaceAll('\\"', '"')}'`
const key = (name: string): string => (/^[A-Za-z_$][\w$]*$/.test(name) ? name : quote(name))
/** Text from an ABI goes into comments: it must not end them. */
const line = (text: string): string =>
  text
    .replaceAll(/[\s\p{Cc}\p{Cf}]+/gu, ' ')
    .replaceAll('*/', '* /')
    .trim()
const indent = (text: string): string => `  ${text.replaceAll('\n', '\n  ')}`
const byName = (a: string, b: string): number => (a.slice(5) < b.slice(5) ? -1 : 1)

/** Words of the language and names the client imports or uses: a type or a function cannot have them. */
const taken = new Set(
  `break case catch class const continue debugger default delete do else enum export extends false finally for function
  if implements import in instanceof interface let new null package private protected public return static super switch
  this throw true try typeof var void while with yield await async eval arguments undefined
  Called CallOptions ContractType ViewOptions contractType Promise Record Readonly Uint8Array`.split(/\s+/),
)

function pascal(name: string): string {
  const words = name.split(/[^A-Za-z0-9]+/).filter(Boolean)
  const result = words.map((word) => word[0]?.toUpperCase() + word.slice(1)).join('')
  if (/^[A-Z]\w*$/.test(result) && !taken.has(result) && !taken.has(camel(result))) return result
  throw new DcmlError('near_abi_invalid', `"${name}" cannot name a TypeScript type.`, {
    hint: 'Give the client a name of letters and digits.',
  })
}
const camel = (name: string): string => name[0]?.toLowerCase() + name.slice(1)
