/** JSON Schema draft 7, as far as the ABI uses it. */
export interface JsonSchema {
  readonly type?: 'string' | 'number' | 'integer' | 'boolean' | 'null' | 'array' | 'object'
  /** `uint8` ... `uint128`, `account-id`, `hex`, `base64`: see the README. */
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

/** One value in JSON. */
export interface AbiType {
  readonly serialization_type: 'json'
  readonly type_schema: JsonSchema
}

/** One exported method. */
export interface AbiFunction {
  readonly name: string
  readonly doc?: string
  readonly kind: 'view' | 'call'
  readonly modifiers?: readonly ('init' | 'private' | 'payable')[]
  readonly params?: { readonly serialization_type: 'json'; readonly args: readonly AbiArgument[] }
  /** For a callback: the result of each promise it waits for; `{}` where only success matters. */
  readonly callbacks?: readonly AbiType[]
  readonly result?: AbiType
  /** Extension: what a payable method takes, in yoctoNEAR; absent if it decides itself. */
  readonly deposit?: { readonly exactly: string } | { readonly at_least: string }
}

/** Named argument. */
export interface AbiArgument {
  readonly name: string
  readonly type_schema: JsonSchema
}

/** Extension: one NEP-297 event. */
export interface AbiEvent {
  readonly standard: string
  readonly version: string
  readonly event: string
  readonly data: JsonSchema
}

/** NEAR's ABI, schema version 0.4, with events and deposits added. */
export interface Abi {
  readonly schema_version: '0.4.0'
  readonly metadata: {
    readonly name: string
    readonly version?: string
    readonly build: { readonly compiler: string; readonly builder: string }
    /** SHA-256 of the wasm in base58: what NEAR calls the code hash. */
    readonly wasm_hash: string
  }
  readonly body: {
    readonly functions: readonly AbiFunction[]
    readonly events: readonly AbiEvent[]
    readonly root_schema: {
      readonly $schema: 'http://json-schema.org/draft-07/schema#'
      readonly definitions: Readonly<Record<string, JsonSchema>>
    }
  }
}
