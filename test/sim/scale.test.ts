import { expect, test } from 'vitest';
import { runScale } from './scale.js';

test('hundreds of sources and thousands of pieces end together', () => {
  const { ratio, decisions } = runScale(400, 4000);
  expect(ratio).toBeLessThan(1.05);
  expect(decisions).toBeLessThan(200_000);
});
