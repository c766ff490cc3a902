/**
 * Branded numbers for what could be swapped by mistake. A brand costs nothing at run time: `5 as SourceId` is how one
 * is made, and only the owner of a series makes them.
 */
declare const brand: unique symbol;
type Brand<Name extends string> = number & { readonly [brand]: Name };

/** Index of a source in its download, from 0 in the order in which sources were added; never used again. */
export type SourceId = Brand<'SourceId'>;
/** Number of a connection within its download, from 0; never used again. */
export type ConnectionId = Brand<'ConnectionId'>;
/** Index of a piece in its file, from 0. */
export type PieceIndex = Brand<'PieceIndex'>;
