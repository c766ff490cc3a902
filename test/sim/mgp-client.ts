import type { ClientConnection, ClientProtocol, ClientWorld, ConnectionCommand } from './sim-client.js';
import { readableBytes } from './sim-connection.js';

/** mgp: ranges are asked for, shortened and ended in the stream of one connection. */
export class MgpClient implements ClientProtocol {
  readonly #world: ClientWorld;

  constructor(world: ClientWorld) {
    this.#world = world;
  }

  command(connection: ClientConnection, command: ConnectionCommand): void {
    const world = this.#world;
    world.atServer(connection, (tcp) => {
      if (command.type === 'request') tcp.ask(command.segment, command.start, command.end, world.nowMs);
      else if (command.type === 'trim') tcp.stream.trim(command.segment, command.end, world.nowMs);
      else tcp.stream.pong(world.nowMs);
    });
  }

  read(connection: ClientConnection): void {
    const { tcp } = connection;
    const { extents } = tcp.stream;
    const world = this.#world;
    let available = readableBytes(connection, world.nowMs);
    for (let first = extents[0]; first !== undefined && !connection.closed; first = extents[0]) {
      if (first.start === first.end && first.atMs + tcp.rttMs / 2 > world.nowMs) return;
      if (first.pong) {
        extents.shift();
        connection.lastByteMs = world.nowMs;
        world.handle({ type: 'alive', connection: connection.id });
        continue;
      }
      const count = Math.min(available, first.end - first.start);
      if (count > 0) {
        available -= count;
        connection.taken += count;
        first.start += count;
        const segment = connection.segments.get(first.segment);
        if (segment !== undefined) world.took(connection, segment, first.start);
      }
      if (first.start < first.end) return;
      if (first.last) {
        extents.shift();
        const segment = connection.segments.get(first.segment);
        if (segment !== undefined) world.ended(connection, segment);
      } else if (extents.length > 1) extents.shift();
      else return;
    }
  }
}
