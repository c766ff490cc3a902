import ts from 'typescript';
import { lineOf, parseFile, visitNodes, type Finding, type RepoFile } from './source-file.js';

const linesMax = 400;

export function lengthFindings(file: RepoFile): Finding[] {
  const lines = file.text.split('\n').length - (file.text.endsWith('\n') ? 1 : 0);
  return lines > linesMax
    ? [`${file.path}: ${lines} lines, expected at most ${linesMax}: find the second concept`]
    : [];
}

/** A file is named for its one concept, in kebab-case; "utils" and "helpers" are names for none. */
export function nameFindings(file: RepoFile): Finding[] {
  const base = file.path.split('/').at(-1) ?? '';
  const stem = base.replace(/(?:\.test|\.config|\.svelte)?\.[cm]?[jt]s$/, '');
  if (/^(?:utils?|helpers?|misc|common)$/i.test(stem)) return [`${file.path}: "${stem}" names no concept`];
  return /^[a-z0-9]+(?:-[a-z0-9]+)*$/.test(stem) ? [] : [`${file.path}: a file's name is kebab-case`];
}

export function defaultExportFindings(file: RepoFile): Finding[] {
  const source = parseFile(file);
  const findings: Finding[] = [];
  for (const statement of source.statements) {
    const modifiers = ts.canHaveModifiers(statement) ? ts.getModifiers(statement) : undefined;
    const asDefault =
      (ts.isExportAssignment(statement) && statement.isExportEquals !== true) ||
      modifiers?.some((m) => m.kind === ts.SyntaxKind.DefaultKeyword) === true ||
      (ts.isExportDeclaration(statement) &&
        statement.exportClause !== undefined &&
        ts.isNamedExports(statement.exportClause) &&
        statement.exportClause.elements.some((e) => e.name.text === 'default'));
    if (asDefault)
      findings.push(`${file.path}:${lineOf(source, statement)}: a default export; exports have names here`);
  }
  return findings;
}

const testNames: ReadonlySet<string> = new Set(['test', 'it', 'describe', 'suite', 'bench']);
const bannedMarks: ReadonlySet<string> = new Set(['only', 'skip', 'todo', 'fails']);

/** Tests that are switched off, or that switch the others off. `skipIf` with a reason is for what a machine lacks. */
export function switchedOffFindings(file: RepoFile): Finding[] {
  const source = parseFile(file);
  const findings: Finding[] = [];
  visitNodes(source, (node) => {
    if (ts.isIdentifier(node) && /^(?:xit|xtest|xdescribe|fit|fdescribe)$/.test(node.text)) {
      findings.push(`${file.path}:${lineOf(source, node)}: ${node.text} switches tests off`);
    }
    if (!ts.isPropertyAccessExpression(node) || !bannedMarks.has(node.name.text)) return;
    let root: ts.Expression = node.expression;
    while (ts.isPropertyAccessExpression(root) || ts.isCallExpression(root)) root = root.expression;
    if (ts.isIdentifier(root) && testNames.has(root.text)) {
      findings.push(`${file.path}:${lineOf(source, node)}: ${root.text}.${node.name.text} switches tests off`);
    }
  });
  return findings;
}
