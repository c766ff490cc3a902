import ts from 'typescript';
import { lineOf, parseFile, visitNodes, type Finding, type RepoFile } from './source-file.js';

/** Globals that read a clock, draw a number, wait, or touch the world outside. */
const bannedGlobals: ReadonlySet<string> = new Set([
  'performance',
  'process',
  'console',
  'crypto',
  'fetch',
  'globalThis',
  'setTimeout',
  'setInterval',
  'setImmediate',
  'WebSocket',
  'require',
  'eval',
]);

/** Uses of a clock, of randomness, of timers or of the outer world in a file that must have none of them. */
export function purityFindings(file: RepoFile): Finding[] {
  const source = parseFile(file);
  const findings: Finding[] = [];
  visitNodes(source, (node) => {
    const what = impureUse(node);
    if (what !== undefined) findings.push(`${file.path}:${lineOf(source, node)}: a pure file uses ${what}`);
  });
  return findings;
}

function impureUse(node: ts.Node): string | undefined {
  if (ts.isPropertyAccessExpression(node) || ts.isElementAccessExpression(node)) {
    const text = node.getText().replace(/\s|\?/g, '');
    if (/^Date(?:\.now$|\[)/.test(text)) return 'Date.now';
    if (/^Math(?:\.random$|\[)/.test(text)) return 'Math.random';
  }
  if (ts.isNewExpression(node) && node.expression.getText() === 'Date' && (node.arguments?.length ?? 0) === 0) {
    return 'new Date()';
  }
  if (ts.isCallExpression(node) && node.expression.getText() === 'Date') return 'Date()';
  if (ts.isIdentifier(node) && bannedGlobals.has(node.text) && isReference(node)) return node.text;
  return undefined;
}

/** True where the name means the global: not a member, a declared name, a property or a label of something. */
function isReference(node: ts.Identifier): boolean {
  const { parent } = node;
  if (ts.isPropertyAccessExpression(parent)) return parent.expression === node;
  if (ts.isTypeNode(parent) || ts.isQualifiedName(parent) || ts.isImportSpecifier(parent)) return false;
  if (ts.isShorthandPropertyAssignment(parent)) return true;
  const named = parent as ts.Node & { readonly name?: ts.Node };
  return named.name !== node;
}
