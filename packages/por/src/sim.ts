/** A simulated network of Proof of Response nodes. @packageDocumentation */
export {}
