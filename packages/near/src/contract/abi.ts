// NEAR's ABI, schema version 0.4, as @dcml/contract-build writes it; other JSON ABIs of NEAR fit too.
import { DcmlError } from '@dcml/protocol'
import * as v from 'valibot'

/** JSON Schema draft 7, as far as ABIs of contracts use it. Formats say what a string stands for. */
export interface JsonSchema {
  readonly type?: string | readonly string[]
  /** `uint8` … `uint128`, `account-id`, `hex`, `base64`; others stay strings. */
  readonly format?: string
  readonly pattern?: string
  readonly minLength?: number
  readonly maxLength?: number
  readonly enum?: readonly (string | number | boolean)[]
  readonly items?: JsonSchema
  readonly maxItems?: number
  readonly properties?: Readonly<Record<string, JsonSchema>>
  readonly required?: readonly string[]
  readonly additionalProperties?: boolean | JsonSchema
  readonly anyOf?: readonly JsonSchema[]
  readonly $ref?: string
}

const anySchema = v.custom<JsonSchema>((input) => typeof input === 'object' && input !== null && !Array.isArray(input))
const jsonType = v.looseObject({ serialization_type: v.literal('json'), type_schema: anySchema })
const abiSchema = v.looseObject({
  schema_version: v.pipe(v.string(), v.startsWith('0.')),
  metadata: v.looseObject({
    name: v.optional(v.string()),
    version: v.optional(v.string()),
    wasm_hash: v.optional(v.string()),
  }),
  body: v.looseObject({
    functions: v.array(
      v.looseObject({
        name: v.string(),
        doc: v.optional(v.string()),
        kind: v.picklist(['view', 'call']),
        modifiers: v.optional(v.array(v.picklist(['init', 'private', 'payable'])), []),
        params: v.optional(
          v.looseObject({
            serialization_type: v.literal('json'),
            args: v.array(v.looseObject({ name: v.string(), type_schema: anySchema })),
          }),
        ),
        result: v.optional(jsonType),
        deposit: v.optional(v.union([v.object({ exactly: v.string() }), v.object({ at_least: v.string() })])),
      }),
    ),
    events: v.optional(
      v.array(v.object({ standard: v.string(), version: v.string(), event: v.string(), data: anySchema })),
      [],
    ),
    root_schema: v.optional(v.looseObject({ definitions: v.optional(v.record(v.string(), anySchema), {}) }), {
      definitions: {},
    }),
  }),
})

/** What a contract can be asked and how it answers. */
export type Abi = v.InferOutput<typeof abiSchema>
export type AbiFunction = Abi['body']['functions'][number]

/** @throws DcmlError `near_abi_invalid` for what is no ABI, or one with borsh arguments, which NEAR’s ABI cannot type */
export function parseAbi(input: unknown): Abi {
  const result = v.safeParse(abiSchema, input)
  if (result.success) return result.output
  const { message, path } = result.issues[0]
  const at = path?.map(({ key }) => String(key)).join('.') ?? ''
  throw new DcmlError('near_abi_invalid', `This is not a NEAR ABI with JSON arguments: ${at}: ${message}`, {
    hint: 'Give the .abi.json that lies beside the contract’s wasm.',
    details: { at },
  })
}
