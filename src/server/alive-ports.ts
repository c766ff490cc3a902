/** The ports of the fleet's servers that are alive, as far as this server's thread has been told. */
export class AlivePorts {
  list: readonly number[];

  constructor(list: readonly number[]) {
    this.list = list;
  }
}
