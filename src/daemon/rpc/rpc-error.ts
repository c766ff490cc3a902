/** An error that a caller of the RPC gets to see. Code 1 is aria2's for everything that is not JSON-RPC's own. */
export class RpcError extends Error {
  override readonly name = 'RpcError';
  readonly code: number;

  constructor(message: string, code = 1) {
    super(message);
    this.code = code;
  }
}
