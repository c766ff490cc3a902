/** Carries out what an operator typed. Owns the wish to quit. */
import { asManygetError } from '../../base/errors.js';
import type { FleetHandle } from '../../base/fleet-handle.js';
import { operatorHelp, parseOperatorCommand } from './operator-commands.js';
import type { ServeView } from './serve-view.js';

/** Carries out one `line`; `quit` ends the command. Never throws: a refusal is told to the operator. */
export async function operate(line: string, fleet: FleetHandle, view: ServeView, quit: () => void): Promise<void> {
  const command = parseOperatorCommand(line, fleet.snapshot().servers.length);
  switch (command.type) {
    case 'nothing':
      return;
    case 'help':
      view.message(operatorHelp);
      return;
    case 'status':
      view.status();
      return;
    case 'wrong':
      view.message([command.sentence]);
      return;
    case 'quit':
      quit();
      return;
    case 'close':
    case 'open':
    case 'kill':
      await carryOut(command.type, command.server, fleet, view);
  }
}

async function carryOut(
  verb: 'close' | 'open' | 'kill',
  server: number,
  fleet: FleetHandle,
  view: ServeView,
): Promise<void> {
  try {
    await fleet[verb](server);
    view.update();
  } catch (error) {
    view.message([`cannot ${verb} server ${server}: ${asManygetError(error).message}`]);
  }
}
