/** yoctoNEAR as serde writes them in errors: a decimal string. */
export const amountJson = (value: bigint): string => value.toString()
