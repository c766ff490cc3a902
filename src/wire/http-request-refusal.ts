import { ManygetError } from '../base/errors.js';

/** What an HTTP server answers a request with that it cannot or will not read. The connection ends with the answer. */
export class HttpRequestRefusal extends ManygetError {
  readonly status: 400 | 414 | 431 | 505;

  constructor(status: 400 | 414 | 431 | 505, message: string) {
    super('protocol-violation', message);
    this.status = status;
  }
}
