/** A node of Proof of Response on this machine. @packageDocumentation */
export {}
