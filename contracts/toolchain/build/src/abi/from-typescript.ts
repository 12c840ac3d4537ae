import type { types as t } from '@babel/core'
import type { AbiArgument, JsonSchema } from './types.ts'

/**
 * JSON Schema of a type annotation, for contracts on plain near-sdk-js. Reads what the text says and no further: a name
 * declared elsewhere becomes `{}`, any value.
 */
export function fromTypeScript(node: t.Node | undefined): JsonSchema {
  switch (node?.type) {
    case 'TSStringKeyword':
      return { type: 'string' }
    case 'TSNumberKeyword':
      return { type: 'number' }
    case 'TSBooleanKeyword':
      return { type: 'boolean' }
    case 'TSBigIntKeyword':
      // near-sdk-js returns bigints as decimal strings
      return { type: 'string', pattern: '^-?(0|[1-9][0-9]*)$' }
    case 'TSNullKeyword':
    case 'TSUndefinedKeyword':
      return { type: 'null' }
    case 'TSArrayType':
      return { type: 'array', items: fromTypeScript(node.elementType) }
    case 'TSParenthesizedType':
      return fromTypeScript(node.typeAnnotation)
    case 'TSLiteralType':
      return literal(node.literal)
    case 'TSUnionType':
      return { anyOf: node.types.map(fromTypeScript) }
    case 'TSTypeLiteral': {
      const members = propertiesOf(node)
      const required = node.members.flatMap((m) => (m.type === 'TSPropertySignature' && !m.optional ? nameOf(m) : []))
      return {
        type: 'object',
        properties: Object.fromEntries(members.map(({ name, type_schema }) => [name, type_schema])),
        required,
      }
    }
    default:
      return {}
  }
}

/** The named arguments of a method that takes `{ a, b }: { a: string; b: bigint }`. */
export function argumentsFromTypeScript(params: readonly t.Node[]): AbiArgument[] {
  const [first] = params
  const annotation = first && 'typeAnnotation' in first ? (first.typeAnnotation as t.Node) : undefined
  const type = annotation?.type === 'TSTypeAnnotation' ? annotation.typeAnnotation : undefined
  return type?.type === 'TSTypeLiteral' ? propertiesOf(type) : []
}

const propertiesOf = (node: t.TSTypeLiteral): AbiArgument[] =>
  node.members.flatMap((member) =>
    member.type !== 'TSPropertySignature'
      ? []
      : nameOf(member).map((name) => ({ name, type_schema: fromTypeScript(member.typeAnnotation?.typeAnnotation) })),
  )

const nameOf = ({ key }: t.TSPropertySignature): string[] =>
  key.type === 'Identifier' ? [key.name] : key.type === 'StringLiteral' ? [key.value] : []

const literal = (node: t.TSLiteralType['literal']): JsonSchema =>
  node.type === 'StringLiteral' || node.type === 'BooleanLiteral' || node.type === 'NumericLiteral'
    ? { enum: [node.value] }
    : {}
