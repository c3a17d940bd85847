/** The Merkle tree of the log: the tree itself and the proofs over it. */
export * from "./merkle-proof.ts";
export * from "./merkle-tree.ts";
