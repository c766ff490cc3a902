/** Who gets how many lines of a terminal. */

export interface FramePlan {
  readonly total: boolean;
  readonly sourceLines: number;
  /** One line for all servers that have none of their own. */
  readonly sumLine: boolean;
  readonly header: boolean;
  readonly mapLines: number;
  readonly legend: boolean;
  readonly decisionLines: number;
  /** Blank lines between the parts. */
  readonly spaced: boolean;
}

/** Blank lines of a spaced frame. */
const spacerLines = 3;

/** Shares `lines` lines out: servers first, then map and decisions, then what makes it pleasant. */
export function planFrame(sourceCount: number, lines: number): FramePlan {
  const total = lines >= 2;
  let left = Math.max(0, lines - (total ? 2 : 1));
  // Where not all servers fit, one line sums up the others, and one is for the map.
  const allFit = sourceCount <= left;
  const sourceLines = allFit ? sourceCount : Math.max(0, left - 2);
  const sumLine = !allFit && left >= 1;
  left -= sourceLines + (sumLine ? 1 : 0);
  const plan = {
    total,
    sourceLines,
    sumLine,
    header: false,
    mapLines: 0,
    legend: false,
    decisionLines: 0,
    spaced: false,
  };
  const take = (cost: number, give: () => void): void => {
    if (left < cost) return;
    left -= cost;
    give();
  };
  take(1, () => (plan.mapLines = 1));
  take(1, () => (plan.decisionLines = 1));
  take(1, () => (plan.decisionLines = 2));
  take(1, () => (plan.header = true));
  take(1, () => (plan.legend = true));
  take(spacerLines, () => (plan.spaced = true));
  take(1, () => (plan.mapLines += 1));
  take(1, () => (plan.decisionLines += 1));
  take(1, () => (plan.decisionLines += 1));
  take(1, () => (plan.mapLines += 1));
  return plan;
}
