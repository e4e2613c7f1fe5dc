/**
 * Brands for the 64-bit numbers that identify something, so that one cannot be passed for another
 * (MODELS.md, habit 4).
 */
declare const brand: unique symbol;
type Branded<T, Name extends string> = T & { readonly [brand]: Name };

/** `unique` of struct fuse_in_header; bit 63 is FUSE_UNIQUE_RESEND. */
export type Unique = Branded<bigint, 'Unique'>;
/** A node id that we gave out ourselves: counted from FUSE_ROOT_ID, so a safe integer. */
export type NodeId = Branded<number, 'NodeId'>;
