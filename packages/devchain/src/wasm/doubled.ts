/** The same numbers in an array twice as long. */
export function doubled<Numbers extends Int32Array | Uint8Array>(numbers: Numbers): Numbers {
  const grown = new (numbers.constructor as new (length: number) => Numbers)(numbers.length * 2)
  grown.set(numbers)
  return grown
}
