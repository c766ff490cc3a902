/** A canvas with as many pixels as its place on the screen has, at most two for each of CSS, to be painted anew. */
export interface SharpCanvas {
  readonly context: CanvasRenderingContext2D;
  /** In pixels of CSS, as all that is painted. */
  readonly width: number;
  readonly height: number;
}

/** Empties `canvas`; undefined where it cannot be painted. */
export function clearSharp(canvas: HTMLCanvasElement): SharpCanvas | undefined {
  const context = canvas.getContext('2d');
  if (context === null) return undefined;
  const scale = Math.min(2, devicePixelRatio);
  const [width, height] = [canvas.clientWidth, canvas.clientHeight];
  if (canvas.width !== Math.round(width * scale)) canvas.width = Math.round(width * scale);
  if (canvas.height !== Math.round(height * scale)) canvas.height = Math.round(height * scale);
  context.setTransform(scale, 0, 0, scale, 0, 0);
  context.clearRect(0, 0, width, height);
  return { context, width, height };
}
