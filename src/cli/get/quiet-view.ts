import type { GetView } from './get-view.js';

const nothing = (): void => {};

/** Shows nothing: errors alone reach the user. */
export const quietGetView: GetView = {
  intervalMs: 3_600_000,
  start: nothing,
  update: nothing,
  event: nothing,
  ending: nothing,
  report: nothing,
  failed: nothing,
  close: nothing,
};
