import { readFile, realpath } from 'node:fs/promises'
import { parseSync, type types as t } from '@babel/core'
import { badSource, unsupported } from '../errors.ts'
import { BASE } from './bundle.ts'

/** Decorators that make a method callable from outside. */
export type MethodKind = 'view' | 'call' | 'callback' | 'initialize' | 'migrate'

/** One decorated method as the source text shows it. */
export interface SourceMethod {
  readonly name: string
  readonly kind: MethodKind
  readonly doc?: string
  /** The options object of near-sdk-js's `@call`, where it is a literal. */
  readonly flags: { readonly payableFunction: boolean; readonly privateFunction: boolean }
  readonly params: readonly t.Node[]
  readonly returns: t.Node | undefined
}

/** What the entry module offers to the chain. */
export interface ContractSource {
  readonly path: string
  readonly text: string
  /** The class with `@NearBindgen`; undefined for a contract of plain exported functions. */
  readonly className: string | undefined
  /** True if the class stands on our base rather than on near-sdk-js itself. */
  readonly guarded: boolean
  readonly methods: readonly SourceMethod[]
  /** Names of exported plain functions, near-sdk-js's low-level style. */
  readonly functions: readonly string[]
}

const KINDS: readonly string[] = ['view', 'call', 'callback', 'initialize', 'migrate'] satisfies MethodKind[]

/**
 * Reads the entry's class and its decorated methods.
 * @throws DcmlError `contract_source`, `contract_unsupported`
 */
export async function readSource(entry: string): Promise<ContractSource> {
  const { path, text } = await readEntry(entry)
  const statements = parse(path, text).program.body
  const declarations = statements.map((s) => ('declaration' in s && s.declaration ? s.declaration : s))
  const classes = declarations.filter((d) => d.type === 'ClassDeclaration' && decorator(d, ['NearBindgen']))
  if (classes.length > 1) throw unsupported(`${path} has two contract classes.`, 'Give each contract its own entry.')
  const [contract] = classes as t.ClassDeclaration[]
  if (contract && !contract.id) throw unsupported(`The contract class in ${path} has no name.`, 'Name it.')
  const methods = contract ? contract.body.body.flatMap((member) => readMethod(member) ?? []) : []
  const functions = statements.flatMap(exportedFunction)
  const origins = importedFrom(statements)
  const guarded = contract !== undefined && origins.get('NearBindgen') === BASE
  for (const { name, kind } of methods)
    if ((origins.get(kind) === BASE) !== guarded)
      throw unsupported(
        `Method ${name} has @${kind} from another package than @NearBindgen.`,
        'Import all decorators of a contract from one package: guards work only together.',
      )
  if (guarded && functions.length > 0)
    throw unsupported(
      `${path} exports function ${functions[0]}, which anyone could call, past all guards.`,
      'Keep the functions of the contract in another module.',
    )
  if (contract && guarded) refuseHoles(contract)
  const taken = [...methods.map(({ name }) => name), ...functions].includes('memory')
  if (taken) throw unsupported(`${path} has a method named memory.`, 'That is what every module calls its memory.')
  if (methods.length + functions.length === 0)
    throw badSource(`${path} offers no method: no class with @NearBindgen, no exported function.`)
  return { path, text, className: contract?.id?.name, guarded, methods, functions }
}

/**
 * What would make a guarded class do less than it says.
 * @throws DcmlError `contract_unsupported`
 */
function refuseHoles({ body: { body } }: t.ClassDeclaration): void {
  for (const member of body) {
    if (member.type === 'ClassPrivateProperty')
      throw unsupported(
        `Field #${member.key.id.name} is forgotten when the call ends.`,
        'Only fields of the state are kept, and those have plain names.',
      )
    const names = (('decorators' in member && member.decorators) || []).map(calledName)
    const marks = names.filter((name) => KINDS.includes(name ?? ''))
    // what stands above wraps the method in the class; the chain calls what stands below
    if (marks.length > 1 || (marks.length === 1 && names[0] !== marks[0]))
      throw unsupported(
        `Not every decorator beside @${marks[0]} would run.`,
        `Let @${marks[0]} stand first, and alone.`,
      )
  }
}

async function readEntry(entry: string): Promise<{ path: string; text: string }> {
  try {
    // the bundler names modules by their real path
    const path = await realpath(entry)
    return { path, text: await readFile(path, 'utf8') }
  } catch (cause) {
    throw badSource(`Cannot read ${entry}.`, cause)
  }
}

function parse(path: string, text: string): t.File {
  try {
    const plugins = ['typescript', 'decorators-legacy'] as const
    const file = parseSync(text, {
      filename: path,
      babelrc: false,
      configFile: false,
      parserOpts: { plugins: [...plugins] },
    })
    if (file) return file
  } catch (cause) {
    throw badSource((cause as Error).message, cause)
  }
  throw badSource(`${path} is empty.`)
}

function readMethod(member: t.ClassBody['body'][number]): SourceMethod | undefined {
  const found = decorator(member, KINDS)
  if (!found) return
  if (member.type !== 'ClassMethod' || member.kind !== 'method' || member.key.type !== 'Identifier' || member.computed)
    throw unsupported(`@${found.name} marks something that is no plain method.`, 'Mark methods with a fixed name only.')
  const name = member.key.name
  const odd = member.static ? 'static' : member.async ? 'async' : member.generator ? 'a generator' : undefined
  if (odd)
    throw unsupported(`Method ${name} is ${odd}.`, 'A call on NEAR runs once and to its end: use a plain method.')
  return {
    name,
    kind: found.name as MethodKind,
    ...docOf(member),
    flags: {
      payableFunction: isTrue(found.options, 'payableFunction'),
      privateFunction: isTrue(found.options, 'privateFunction'),
    },
    params: member.params,
    returns: member.returnType && 'typeAnnotation' in member.returnType ? member.returnType.typeAnnotation : undefined,
  }
}

/** The first decorator of these names and its options literal. */
function decorator(node: t.Node, names: readonly string[]): { name: string; options: t.Node | undefined } | undefined {
  for (const one of ('decorators' in node && node.decorators) || []) {
    const name = calledName(one)
    if (name !== undefined && names.includes(name))
      return { name, options: (one.expression as t.CallExpression).arguments[0] }
  }
  return
}

/** `call` for `@call(...)`. */
const calledName = ({ expression }: t.Decorator): string | undefined =>
  expression.type === 'CallExpression' && expression.callee.type === 'Identifier' ? expression.callee.name : undefined

const isTrue = (options: t.Node | undefined, key: string): boolean =>
  options?.type === 'ObjectExpression' &&
  options.properties.some(
    (p) =>
      p.type === 'ObjectProperty' &&
      p.key.type === 'Identifier' &&
      p.key.name === key &&
      p.value.type === 'BooleanLiteral' &&
      p.value.value,
  )

function docOf(node: t.Node): { doc?: string } {
  const comment = node.leadingComments?.at(-1)
  if (comment?.type !== 'CommentBlock' || !comment.value.startsWith('*')) return {}
  const lines = comment.value.slice(1).split('\n')
  return {
    doc: lines
      .map((line) => line.trim().replace(/^\* ?/, ''))
      .join('\n')
      .trim(),
  }
}

function exportedFunction(statement: t.Statement): string[] {
  if (statement.type !== 'ExportNamedDeclaration' || statement.declaration?.type !== 'FunctionDeclaration') return []
  return statement.declaration.id ? [statement.declaration.id.name] : []
}

/** Where each imported name comes from. */
const importedFrom = (statements: readonly t.Statement[]): ReadonlyMap<string, string> =>
  new Map(
    statements.flatMap((s) =>
      s.type === 'ImportDeclaration' ? s.specifiers.map(({ local }) => [local.name, s.source.value] as const) : [],
    ),
  )
