/** A colour for each server, told apart by hue and by lightness, in both themes; the 17th begins again. */
const dark = [
  '#5b9dff', '#2fd4a7', '#ffb547', '#f472b6', '#a78bfa', '#4cc9f0', '#ff7a66', '#b7e35f',
  '#e879f9', '#38bdf8', '#facc15', '#34d399', '#fb7185', '#818cf8', '#fdba74', '#5eead4',
]; // prettier-ignore
const light = [
  '#2563eb', '#059669', '#d97706', '#db2777', '#7c3aed', '#0891b2', '#dc2626', '#5f8a0b',
  '#a21caf', '#0369a1', '#a16207', '#047857', '#be123c', '#4338ca', '#c2410c', '#0f766e',
]; // prettier-ignore
const earlierRun = { dark: '#64748b', light: '#94a3b8' };

export type Theme = 'dark' | 'light';

/** The colour of source `id`; -2 is an earlier run. */
export function serverColor(id: number, theme: Theme): string {
  if (id < 0) return earlierRun[theme];
  const colors = theme === 'dark' ? dark : light;
  return colors[id % colors.length] ?? '#888888';
}

/** `hex` with an alpha of 0 to 1. */
export function faded(hex: string, alpha: number): string {
  return `${hex}${Math.round(alpha * 255)
    .toString(16)
    .padStart(2, '0')}`;
}
